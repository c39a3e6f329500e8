#include "ParquetFooters.hpp"

#include <arrow/io/file.h>
#include <parquet/metadata.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "Failure.hpp"
#include "InputFile.hpp"

namespace stoa {

namespace {

/// What stays the same as long as nobody writes to a file: device, inode, size, times of its last changes.
using Identity = std::array<int64_t, 7>;

Identity identity_of(const struct stat &file) {
    return {static_cast<int64_t>(file.st_dev), static_cast<int64_t>(file.st_ino), file.st_size,
            file.st_mtim.tv_sec,               file.st_mtim.tv_nsec,              file.st_ctim.tv_sec,
            file.st_ctim.tv_nsec};
}

/// Whether the file was last written so long ago that a later write has another time: clocks of files are coarse.
bool is_settled(const struct stat &file) {
    struct timespec now;
    return ::clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - file.st_mtim.tv_sec > 2;
}

/// The footers of the files that were opened last. Guard: its lock.
class Footers {
    static constexpr size_t most_files = 64;
    /// Of all footers together, as they are in the files.
    static constexpr int64_t most_bytes = 32 << 20;

public:
    std::shared_ptr<parquet::FileMetaData> find(const Identity &file) {
        const std::lock_guard<std::mutex> guard(lock_);
        const auto found = place_of(file);
        if (found == kept_.end()) return nullptr;
        std::rotate(found, found + 1, kept_.end());
        return kept_.back().footer;
    }

    void keep(const Identity &file, std::shared_ptr<parquet::FileMetaData> footer) {
        if (footer->size() > most_bytes) return;
        const std::lock_guard<std::mutex> guard(lock_);
        if (place_of(file) != kept_.end()) return;
        bytes_ += footer->size();
        kept_.push_back({file, std::move(footer)});
        while (kept_.size() > most_files || bytes_ > most_bytes) {
            bytes_ -= kept_.front().footer->size();
            kept_.erase(kept_.begin());
        }
    }

private:
    struct Kept {
        Identity file;
        std::shared_ptr<parquet::FileMetaData> footer;
    };

    std::vector<Kept>::iterator place_of(const Identity &file) {
        return std::find_if(kept_.begin(), kept_.end(), [&](const Kept &kept) { return kept.file == file; });
    }

    std::mutex lock_;
    /// The one that was used last at the end.
    std::vector<Kept> kept_;
    int64_t bytes_ = 0;
};

Footers &footers() {
    // Never destroyed: threads may read files until the process ends.
    static Footers &shared = *new Footers();
    return shared;
}

}  // namespace

std::unique_ptr<parquet::ParquetFileReader> opened_parquet(
    const char *path, const parquet::ReaderProperties &properties) {
    // Arrow's own message for a missing file is less clear than ours.
    { const InputFile probe(path); }
    auto source = check(arrow::io::ReadableFile::Open(path));
    struct stat file;
    // The identity is taken before the footer is read: what is written in between gets another one.
    const bool has_identity = ::fstat(source->file_descriptor(), &file) == 0;
    if (has_identity) {
        if (auto footer = footers().find(identity_of(file))) {
            return parquet::ParquetFileReader::Open(std::move(source), properties, std::move(footer));
        }
    }
    auto reader = parquet::ParquetFileReader::Open(std::move(source), properties);
    if (has_identity && is_settled(file) && !reader->metadata()->is_encryption_algorithm_set()) {
        footers().keep(identity_of(file), reader->metadata());
    }
    return reader;
}

}  // namespace stoa
