// Cutting text files into pieces at record borders.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "CsvDialect.hpp"
#include "CsvScan.hpp"
#include "Failure.hpp"
#include "InputFile.hpp"

namespace stoa {

namespace {

constexpr size_t block_size = size_t{1} << 20;

/// Counts records and rows chunk by chunk and notes where pieces end.
class PieceCutter {
public:
    PieceCutter(
        int64_t start, int64_t first_record, int64_t target_bytes, int64_t row_multiple, bool counts_empty_lines)
        : piece_{start, start, first_record, 0},
          target_bytes_(target_bytes),
          row_multiple_(row_multiple),
          counts_empty_lines_(counts_empty_lines) {}

    /// A chunk of up to 64 bytes at `offset`: its line ends outside quotes, and its CR bytes.
    void add(int64_t offset, unsigned count, uint64_t lines, uint64_t returns) {
        uint64_t empty = 0;
        if (!counts_empty_lines_) {
            // A line is empty when a line end stands right before its own, or before the CR of its own.
            const uint64_t after_line = lines << 1 | (ends_line_ ? 1 : 0);
            const uint64_t after_return = (returns & after_line) << 1 | (ends_empty_return_ ? 1 : 0);
            empty = lines & (after_line | after_return);
            const unsigned last = count - 1;
            ends_empty_return_ = (returns & after_line) >> last & 1;
            ends_line_ = lines >> last & 1;
        }
        if (offset + count - piece_.start < target_bytes_) {
            records_ += std::popcount(lines);
            rows_ += std::popcount(lines & ~empty);
            return;
        }
        for (uint64_t bits = lines; bits; bits &= bits - 1) {
            const unsigned index = static_cast<unsigned>(std::countr_zero(bits));
            ++records_;
            if (!(empty >> index & 1)) ++rows_;
            const int64_t end = offset + index + 1;
            if (end - piece_.start >= target_bytes_ && rows_ % row_multiple_ == 0) cut(end);
        }
    }

    /// The pieces of a file that ends at `end`; `is_open` when its last record has no line end.
    std::vector<stoa_piece> finish(int64_t end, bool is_open) {
        if (is_open && !ends_empty_return_) ++rows_;
        if (end > piece_.start) cut(end);
        return std::move(pieces_);
    }

    int64_t records() const { return records_; }

private:
    void cut(int64_t end) {
        piece_.end = end;
        piece_.rows = rows_ - rows_before_;
        pieces_.push_back(piece_);
        piece_ = {end, end, pieces_.front().first_record + records_, 0};
        rows_before_ = rows_;
    }

    stoa_piece piece_;
    std::vector<stoa_piece> pieces_;
    int64_t target_bytes_;
    int64_t row_multiple_;
    bool counts_empty_lines_;
    // The byte before the chunk was a line end, or a CR right after one. A range begins as if after a line end.
    bool ends_line_ = true;
    bool ends_empty_return_ = false;
    int64_t records_ = 0;
    int64_t rows_ = 0;
    int64_t rows_before_ = 0;
};

/// Reads `start` to the end of the file in blocks; `body` gets the offset, the text with 64 more readable bytes, the
/// size.
template <typename Body>
void for_each_block(const InputFile &file, int64_t start, Body &&body) {
    std::vector<char> buffer(block_size + 64);
    for (int64_t offset = start; offset < file.size(); offset += static_cast<int64_t>(block_size)) {
        const int64_t count = std::min<int64_t>(block_size, file.size() - offset);
        file.read(offset, buffer.data(), count);
        body(offset, buffer.data(), static_cast<size_t>(count));
    }
}

char last_byte(const InputFile &file, int64_t start) {
    char byte = '\n';
    if (file.size() > start) file.read(file.size() - 1, &byte, 1);
    return byte;
}

void hand_over(const std::vector<stoa_piece> &pieces, stoa_piece **out, int64_t *count) {
    *out = static_cast<stoa_piece *>(std::malloc(std::max<size_t>(1, pieces.size()) * sizeof(stoa_piece)));
    if (!*out) throw std::bad_alloc();
    std::copy(pieces.begin(), pieces.end(), *out);
    *count = static_cast<int64_t>(pieces.size());
}

std::vector<stoa_piece> split_csv(
    const char *path, const CsvDialect &dialect, int32_t column_count, int64_t start, int64_t first_record,
    int64_t target_bytes, int64_t row_multiple) {
    const InputFile file(path);
    PieceCutter cutter(start, first_record, target_bytes, row_multiple, column_count == 1);
    StructureScan scan(dialect.delimiter, dialect.quote);
    for_each_block(file, start, [&](int64_t offset, const char *text, size_t size) {
        for (size_t at = 0; at < size; at += 64) {
            const unsigned count = static_cast<unsigned>(std::min<size_t>(64, size - at));
            const auto chunk = scan.step(text + at, count);
            cutter.add(offset + static_cast<int64_t>(at), count, chunk.lines, matches(text + at, '\r'));
        }
    });
    if (scan.state == FieldState::quoted) {
        throw Failure(
            STOA_MALFORMED_FILE, "the file ends inside quotes", "close the quote, or double a quote that is text")
            .at(first_record + cutter.records());
    }
    return cutter.finish(file.size(), last_byte(file, start) != '\n');
}

/// Empty lines of JSON text are no rows.
std::vector<stoa_piece> split_lines(const char *path, int64_t target_bytes) {
    const InputFile file(path);
    PieceCutter cutter(0, 1, target_bytes, 1, false);
    for_each_block(file, 0, [&](int64_t offset, const char *text, size_t size) {
        for (size_t at = 0; at < size; at += 64) {
            const unsigned count = static_cast<unsigned>(std::min<size_t>(64, size - at));
            const uint64_t valid = count >= 64 ? ~0ULL : (1ULL << count) - 1;
            cutter.add(
                offset + static_cast<int64_t>(at), count, matches(text + at, '\n') & valid, matches(text + at, '\r'));
        }
    });
    return cutter.finish(file.size(), last_byte(file, 0) != '\n');
}

}  // namespace

}  // namespace stoa

stoa_status stoa_csv_split(
    const char *path, const stoa_csv_dialect *dialect, int32_t column_count, int64_t start, int64_t first_record,
    int64_t target_bytes, int64_t row_multiple, stoa_piece **pieces, int64_t *piece_count) {
    return stoa::guarded([&] {
        const auto found = stoa::split_csv(
            path, stoa::CsvDialect(*dialect), column_count, start, first_record, target_bytes, row_multiple);
        stoa::hand_over(found, pieces, piece_count);
    });
}

stoa_status stoa_json_split(const char *path, int64_t target_bytes, stoa_piece **pieces, int64_t *piece_count) {
    return stoa::guarded([&] { stoa::hand_over(stoa::split_lines(path, target_bytes), pieces, piece_count); });
}

void stoa_pieces_free(stoa_piece *pieces) { std::free(pieces); }
