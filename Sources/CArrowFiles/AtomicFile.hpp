// A file that appears under its name only when it is complete. Before, it has none, so that nothing stays behind when
// the process is killed; where the file system must name it, it has a hidden one.
#pragma once

#include <cstddef>
#include <string>

namespace stoa {

class AtomicFile {
public:
    /// Creates a file in the folder of `path`.
    explicit AtomicFile(const char *path);
    /// Removes the file unless it was committed.
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
    /// Gives an unnamed file its name; false when another file has that and this one is a hidden one beside it now.
    bool take_name();

    std::string path_;
    /// The hidden name, empty when there is none.
    std::string temporary_;
    int descriptor_;
};

}  // namespace stoa
