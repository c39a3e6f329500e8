// A file that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <string>

namespace stoa {

class AtomicFile {
public:
    /// Creates a hidden temporary file in the folder of `path`.
    explicit AtomicFile(const char *path);
    /// Removes the temporary file unless it was committed.
    ~AtomicFile();
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;

    /// Open for writing.
    int descriptor() const { return descriptor_; }

    /// Writes all bytes.
    void write(const char *bytes, size_t count);

    /// Gives the file its name, replacing a file of that name; `is_durable` brings its content to disk before.
    void commit(bool is_durable);

private:
    std::string path_;
    std::string temporary_;
    int descriptor_;
};

}  // namespace stoa
