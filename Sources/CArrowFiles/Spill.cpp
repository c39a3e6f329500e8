#include <arrow/util/compression.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>

#include "CArrowFiles.h"
#include "Failure.hpp"

using stoa::Failure;

namespace {

/// LZ4 blocks without a frame: who keeps them knows their sizes and checks their content.
std::unique_ptr<arrow::util::Codec> make_codec() {
    auto codec = arrow::util::Codec::Create(arrow::Compression::LZ4);
    if (!codec.ok()) throw Failure(STOA_UNSUPPORTED, "Arrow was built without LZ4: " + codec.status().message());
    return std::move(codec).ValueUnsafe();
}

}  // namespace

extern "C" {

int stoa_open_unnamed(const char *folder) {
    int descriptor = ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
    // A file system without unnamed files: one whose name goes at once.
    std::string path = std::string(folder) + "/stoa-spill-XXXXXX";
    descriptor = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(path.c_str());
    return descriptor;
}

bool stoa_punch_hole(int descriptor, int64_t place, int64_t count) {
    return ::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place, count) == 0;
}

int64_t stoa_compressed_bound(int64_t count) {
    // LZ4_COMPRESSBOUND.
    return count + count / 255 + 16;
}

stoa_status stoa_compress(const void *source, int64_t count, void *target, int64_t capacity, int64_t *written) {
    return stoa::guarded([&] {
        const auto result = make_codec()->Compress(count, static_cast<const uint8_t *>(source), capacity,
                                                   static_cast<uint8_t *>(target));
        if (!result.ok()) throw Failure(STOA_ENGINE_FAILED, "compressing failed: " + result.status().message());
        *written = *result;
    });
}

stoa_status stoa_decompress(const void *source, int64_t count, void *target, int64_t expected) {
    return stoa::guarded([&] {
        const auto result = make_codec()->Decompress(count, static_cast<const uint8_t *>(source), expected,
                                                     static_cast<uint8_t *>(target));
        if (!result.ok()) throw Failure(STOA_MALFORMED_FILE, result.status().message());
        if (*result != expected) throw Failure(STOA_MALFORMED_FILE, "it decompresses to another size than it had");
    });
}

}  // extern "C"
