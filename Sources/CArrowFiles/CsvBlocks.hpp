// A byte range of a CSV file as blocks of whole records with the places of their fields.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CsvDialect.hpp"
#include "CsvScan.hpp"
#include "Failure.hpp"
#include "InputFile.hpp"

namespace stoa {

/// Whole records in memory. Valid until the next block is read.
class RecordBlock {
public:
    size_t row_count() const { return bases.size(); }

    /// The field of a row as it stands in the file.
    RawField field(size_t row, size_t column) const {
        return ColumnView(*this, column)[row];
    }

    /// The fields of one column, for loops over rows.
    class ColumnView {
    public:
        ColumnView(const RecordBlock &block, size_t column)
            : text_(block.text),
              ends_(block.ends.data() + column),
              bases_(block.bases.data()),
              is_last_(column + 1 == block.column_count) {}

        RawField operator[](size_t row) const {
            const uint32_t *entry = ends_ + bases_[row];
            const char *begin = text_ + static_cast<uint32_t>(entry[-1] + 1);
            const char *end = text_ + *entry;
            if (is_last_ && end > begin && end[-1] == '\r') --end;
            return {begin, static_cast<size_t>(end - begin)};
        }

    private:
        const char *text_;
        const uint32_t *ends_;
        const uint32_t *bases_;
        bool is_last_;
    };

    /// The number in the file of a row's record.
    int64_t record(size_t row) const;

    const char *text = nullptr;
    /// Offset of the delimiter or line end after each field; the field before starts one after the entry before it.
    /// Entry 0 stands before the first field.
    std::vector<uint32_t> ends;
    /// For each row the entry of `ends` that belongs to its first field.
    std::vector<uint32_t> bases;
    size_t column_count = 0;
    int64_t first_record = 1;
    /// Rows before each empty line of the block.
    std::vector<uint32_t> empty_lines;
    /// False when a byte of 0x80 or above occurs.
    bool is_ascii = true;
};

/// Places all fields of `size` bytes of text, of which 64 more can be read. Gives the number of bytes up to the end of
/// the last complete record; `state` is where the scan stood after the last byte.
size_t index_fields(
    const char *text, size_t size, const CsvDialect &dialect, std::vector<uint32_t> &ends,
    std::vector<uint32_t> &lines, FieldState &state, bool &is_ascii);

/// Reads the blocks of a range one after the other.
class RecordBlocks {
public:
    static constexpr size_t block_size = 128 << 10;

    RecordBlocks(
        const InputFile &file, const CsvDialect &dialect, int64_t start, int64_t end, size_t column_count,
        int64_t first_record);

    /// The next block with at least one row; false at the end of the range.
    ///
    /// Fails on a record with another number of fields than `column_count` and on a quote that nothing closes, but gives the
    /// rows before first, so that the first mistake of a file is the one that is found.
    bool next(RecordBlock &block);

private:
    void fill();
    void split_rows(RecordBlock &block);

    const InputFile &file_;
    const CsvDialect &dialect_;
    int64_t position_;
    int64_t end_;
    size_t column_count_;
    int64_t record_;
    std::vector<char> buffer_;
    // Bytes of the buffer that hold text, and of these the ones that the block before took.
    size_t filled_ = 0;
    size_t taken_ = 0;
    std::vector<uint32_t> lines_;
    // What is wrong after the rows of the block before.
    std::optional<Failure> failure_;
};

}  // namespace stoa
