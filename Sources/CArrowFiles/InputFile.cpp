#include "InputFile.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "Failure.hpp"

namespace stoa {

std::string error_text(int error) { return std::generic_category().message(error); }

InputFile::InputFile(const char *path) : descriptor_(::open(path, O_RDONLY | O_CLOEXEC)), size_(0) {
    if (descriptor_ < 0) {
        const int error = errno;
        if (error == ENOENT) throw Failure(STOA_FILE_NOT_FOUND, "there is no such file");
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "the file cannot be opened: " + error_text(error));
    }
    struct stat information;
    if (::fstat(descriptor_, &information) != 0 || !S_ISREG(information.st_mode)) {
        ::close(descriptor_);
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "this is not a regular file", "copy its content into a file");
    }
    size_ = information.st_size;
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(int64_t offset, char *target, int64_t count) const {
    while (count > 0) {
        const ssize_t got = ::pread(descriptor_, target, static_cast<size_t>(count), offset);
        if (got < 0) {
            if (errno == EINTR) continue;
            throw Failure(STOA_INPUT_OUTPUT_FAILED, "reading failed: " + error_text(errno));
        }
        if (got == 0) throw Failure(STOA_INPUT_OUTPUT_FAILED, "the file became shorter while it was read");
        offset += got;
        target += got;
        count -= got;
    }
}

}  // namespace stoa
