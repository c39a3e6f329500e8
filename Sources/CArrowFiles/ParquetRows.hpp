// What the columns of a Parquet row group are made of, one like the other.
#pragma once

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <cstring>
#include <string>
#include <vector>

#include "Failure.hpp"
#include "ParquetColumns.hpp"

namespace stoa {

inline Failure too_few_rows() {
    return Failure(STOA_MALFORMED_FILE, "a column ends before the last row of its row group", "write the file anew");
}

/// Fails unless as many values were found as levels say. Some of Arrow's decoders give fewer at the end of their data
/// without a word; what lies beyond them was never written.
inline void check_found(const int16_t *levels, int64_t count, int64_t found) {
    int64_t expected = 0;
    for (int64_t place = 0; place < count; ++place) expected += levels[place] != 0;
    if (found == expected) return;
    throw Failure(
        STOA_MALFORMED_FILE,
        "a page holds " + std::to_string(found) + (found == 1 ? " value" : " values") + " where its levels say " +
            std::to_string(expected),
        "write the file anew");
}

/// Memory of so many bytes.
inline std::shared_ptr<arrow::Buffer> allocated(int64_t bytes) {
    return std::shared_ptr<arrow::Buffer>(check(arrow::AllocateBuffer(bytes)));
}

/// The validity bitmap of the rows read so far; there is none until a null comes.
class Validity {
public:
    explicit Validity(int64_t capacity) : capacity_(capacity) {}

    /// Takes `count` rows from `row` on, of which `found` have values: those with level 1.
    void add(const int16_t *levels, int64_t row, int64_t count, int64_t found) {
        if (found == count && !bits_) return;
        if (!bits_) {
            bits_ = allocated(arrow::bit_util::BytesForBits(capacity_));
            std::memset(bits_->mutable_data(), 0, static_cast<size_t>(bits_->size()));
            arrow::bit_util::SetBitsTo(bits_->mutable_data(), 0, row, true);
        }
        nulls_ += count - found;
        if (found == count) {
            arrow::bit_util::SetBitsTo(bits_->mutable_data(), row, count, true);
            return;
        }
        for (int64_t place = 0; place < count; ++place) {
            if (levels[place] != 0) arrow::bit_util::SetBit(bits_->mutable_data(), row + place);
        }
    }

    const std::shared_ptr<arrow::Buffer> &bits() const { return bits_; }
    int64_t nulls() const { return nulls_; }

private:
    int64_t capacity_;
    std::shared_ptr<arrow::Buffer> bits_;
    int64_t nulls_ = 0;
};

/// Moves `found` values that lie one after the other to the rows that have one; the others become zero.
template <typename Value>
void spread(Value *values, const int16_t *levels, int64_t count, int64_t found) {
    if (found == count) return;
    for (int64_t row = count - 1; row >= 0; --row) values[row] = levels[row] != 0 ? values[--found] : Value();
}

/// Text in any encoding, written out.
std::unique_ptr<ParquetColumn> text_column(std::shared_ptr<parquet::ColumnReader> reader);

/// Text as codes into the dictionary of its row group, which `reader` must expose.
std::unique_ptr<ParquetColumn> encoded_text_column(std::shared_ptr<parquet::ColumnReader> reader);

}  // namespace stoa
