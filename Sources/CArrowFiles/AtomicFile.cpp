#include "AtomicFile.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "Failure.hpp"
#include "InputFile.hpp"

namespace stoa {

namespace {

/// `.NAME.PID-NUMBER.tmp` beside the file: hidden, so that reading the folder passes over it.
std::string temporary_beside(const std::string &path) {
    static std::atomic<unsigned> count{0};
    const size_t slash = path.rfind('/');
    const size_t begin = slash == std::string::npos ? 0 : slash + 1;
    // File names have at most 255 bytes.
    return path.substr(0, begin) + "." + path.substr(begin, 200) + "." + std::to_string(::getpid()) + "-" +
           std::to_string(count.fetch_add(1)) + ".tmp";
}

}  // namespace

AtomicFile::AtomicFile(const char *path) : path_(path), descriptor_(-1) {
    struct stat information;
    if (::stat(path, &information) == 0 && S_ISDIR(information.st_mode)) {
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "a folder has this name", "choose another name or remove the folder");
    }
    const size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    // Without /proc a file that has no name cannot be given one.
    const bool may_be_unnamed = ::access("/proc/self/fd", X_OK) == 0;
    if (may_be_unnamed) descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    // The codes are those of file systems, kernels and sandboxes without files that have no name.
    const bool is_refused = descriptor_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ||
                                                errno == ENOSYS || errno == EPERM);
    if (!may_be_unnamed || is_refused) {
        // A killed process of the same number, in another container say, may have left a file of the same name behind.
        do {
            temporary_ = temporary_beside(path_);
            descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        } while (descriptor_ < 0 && errno == EEXIST);
    }
    if (descriptor_ < 0) {
        const int error = errno;
        temporary_.clear();
        if (error == ENOENT) {
            throw Failure(STOA_FILE_NOT_FOUND, "the folder of this file does not exist", "create the folder first");
        }
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "the file cannot be created: " + error_text(error));
    }
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const char *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = ::write(descriptor_, bytes, count);
        if (written < 0) {
            if (errno == EINTR) continue;
            throw Failure(STOA_INPUT_OUTPUT_FAILED, "writing failed: " + error_text(errno));
        }
        bytes += written;
        count -= static_cast<size_t>(written);
    }
}

void AtomicFile::commit(bool is_durable) {
    if (is_durable && ::fsync(descriptor_) != 0) {
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "writing failed: " + error_text(errno));
    }
    const bool has_name = !temporary_.empty();
    // Some file systems tell only when a descriptor is closed that writing failed.
    const int closed = has_name ? std::exchange(descriptor_, -1) : ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (closed < 0 || ::close(closed) != 0) {
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "writing failed: " + error_text(errno));
    }
    if (!has_name && take_name()) return;
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        throw Failure(STOA_INPUT_OUTPUT_FAILED, "the file cannot get its name: " + error_text(errno));
    }
    temporary_.clear();
}

bool AtomicFile::take_name() {
    const std::string source = "/proc/self/fd/" + std::to_string(descriptor_);
    const auto link_to = [&](const std::string &name) {
        return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link_to(path_)) return true;
    // A link replaces nothing: a file of this name makes room for one that has a name already.
    bool is_linked = false;
    while (errno == EEXIST && !is_linked) {
        std::string name = temporary_beside(path_);
        is_linked = link_to(name);
        if (is_linked) temporary_ = std::move(name);
    }
    if (is_linked) return false;
    throw Failure(STOA_INPUT_OUTPUT_FAILED, "the file cannot get its name: " + error_text(errno));
}

}  // namespace stoa
