// A file that is read by position.
#pragma once

#include <cstdint>
#include <string>

namespace stoa {

class InputFile {
public:
    /// Opens a regular file for reading.
    explicit InputFile(const char *path);
    ~InputFile();
    InputFile(const InputFile &) = delete;
    InputFile &operator=(const InputFile &) = delete;

    int64_t size() const { return size_; }

    /// Reads exactly `count` bytes at `offset`; fails when the file ends before.
    void read(int64_t offset, char *target, int64_t count) const;

private:
    int descriptor_;
    int64_t size_;
};

/// The words of an errno value.
std::string error_text(int error);

}  // namespace stoa
