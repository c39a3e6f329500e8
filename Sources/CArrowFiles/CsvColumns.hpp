// One column of a CSV file on its way into Arrow memory.
#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "CsvBlocks.hpp"
#include "Failure.hpp"
#include "FileTypes.hpp"

namespace stoa {

/// Memory for the values of one batch that grows by doubling.
class GrowingBuffer {
public:
    uint8_t *data() { return buffer_->mutable_data(); }
    int64_t capacity() const { return buffer_ ? buffer_->size() : 0; }
    /// At least so many bytes; the old content stays.
    void reserve(int64_t bytes);
    /// The first `bytes` bytes; the next batch begins with new memory.
    std::shared_ptr<arrow::Buffer> finish(int64_t bytes);

private:
    std::unique_ptr<arrow::ResizableBuffer> buffer_;
};

/// Which rows of a batch are null; costs nothing while none is.
class NullTracker {
public:
    void set_null(int64_t row, int64_t batch_rows);
    int64_t null_count() const { return null_count_; }
    bool is_null(int64_t row) const;
    /// The bitmap of `rows` rows, nothing when none is null.
    std::shared_ptr<arrow::Buffer> finish(int64_t rows);

private:
    std::unique_ptr<arrow::ResizableBuffer> bits_;
    int64_t null_count_ = 0;
};

class ColumnBuilder {
public:
    ColumnBuilder(std::string name, std::shared_ptr<arrow::DataType> type, size_t column, const CsvDialect &dialect)
        : name_(std::move(name)), type_(std::move(type)), column_(column), dialect_(dialect) {}
    virtual ~ColumnBuilder() = default;

    /// Memory for a batch of at most so many rows. Called before the first row of each batch.
    virtual void begin(int64_t batch_rows) = 0;
    /// Adds rows `from` to before `to` of the block.
    virtual void append(const RecordBlock &block, size_t from, size_t to) = 0;
    /// The batch's column.
    virtual std::shared_ptr<arrow::ArrayData> finish() = 0;
    /// Bytes of text in the batch so far.
    virtual int64_t text_bytes() const { return 0; }

    const std::string &name() const { return name_; }

protected:
    /// The failure of a field that is not a value of the column's type.
    Failure bad_value(const RecordBlock &block, size_t row, const std::string &problem = {}) const;

    std::string name_;
    std::shared_ptr<arrow::DataType> type_;
    size_t column_;
    const CsvDialect &dialect_;
    std::string scratch_;
};

/// The builder for a column of that type. Fails on a type that CSV text cannot be read as.
std::unique_ptr<ColumnBuilder> make_column_builder(
    const arrow::Field &field, size_t column, const CsvDialect &dialect);

/// A utf8 column, dictionary-encoded while that pays.
std::unique_ptr<ColumnBuilder> make_text_builder(const arrow::Field &field, size_t column, const CsvDialect &dialect);

}  // namespace stoa
