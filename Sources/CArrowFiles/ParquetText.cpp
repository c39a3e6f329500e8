// Text columns of a Parquet row group.

#include <arrow/array/data.h>

#include <algorithm>
#include <cstring>

#include "ParquetRows.hpp"
#include "Utf8.hpp"

namespace stoa {

namespace {

/// Bytes of text a batch has at most, unless its first row alone has more.
constexpr int64_t text_limit = 256 << 20;

/// Copies a text; short ones, which most are, without a call. Reads and writes nothing past it.
inline void copy_text(uint8_t *target, const uint8_t *source, size_t length) {
    if (length > 16) {
        std::memcpy(target, source, length);
    } else if (length >= 8) {
        uint64_t first;
        uint64_t last;
        std::memcpy(&first, source, 8);
        std::memcpy(&last, source + length - 8, 8);
        std::memcpy(target, &first, 8);
        std::memcpy(target + length - 8, &last, 8);
    } else if (length >= 4) {
        uint32_t first;
        uint32_t last;
        std::memcpy(&first, source, 4);
        std::memcpy(&last, source + length - 4, 4);
        std::memcpy(target, &first, 4);
        std::memcpy(target + length - 4, &last, 4);
    } else {
        for (size_t place = 0; place < length; ++place) target[place] = source[place];
    }
}

/// Texts one after the other, with their offsets.
class TextRows {
public:
    explicit TextRows(int64_t rows, int64_t bytes) : offsets_(allocated((rows + 1) * 4)) {
        starts_ = reinterpret_cast<int32_t *>(offsets_->mutable_data());
        starts_[0] = 0;
        grow(std::max<int64_t>(bytes, 64));
    }

    /// Whether a text of so many bytes may come now.
    bool takes(uint32_t length) const { return row_ == 0 || size_ + length <= text_limit; }

    void append(const parquet::ByteArray &text) {
        if (size_ + text.len > text_->size()) grow(std::max<int64_t>(size_ + text.len, text_->size() * 2));
        copy_text(data_ + size_, text.ptr, text.len);
        size_ += text.len;
        starts_[++row_] = static_cast<int32_t>(size_);
    }

    void append_null() {
        ++row_;
        starts_[row_] = starts_[row_ - 1];
    }

    /// Fails on a text that is not UTF-8; the failure's row counts from 1.
    void check() const {
        const int64_t row = first_not_utf8(data_, starts_, row_);
        if (row >= 0) throw not_utf8(data_ + starts_[row], starts_[row + 1] - starts_[row]).at(row + 1);
    }

    int64_t count() const { return row_; }
    int64_t size() const { return size_; }

    std::shared_ptr<arrow::Array> finish(const Validity &validity) const {
        return arrow::MakeArray(arrow::ArrayData::Make(
            arrow::utf8(), row_, {validity.bits(), offsets_, text_}, validity.nulls()));
    }

private:
    void grow(int64_t capacity) {
        auto larger = allocated(capacity);
        if (size_ > 0) std::memcpy(larger->mutable_data(), data_, static_cast<size_t>(size_));
        text_ = std::move(larger);
        data_ = text_->mutable_data();
    }

    std::shared_ptr<arrow::Buffer> offsets_;
    std::shared_ptr<arrow::Buffer> text_;
    int32_t *starts_;
    uint8_t *data_ = nullptr;
    int64_t row_ = 0;
    int64_t size_ = 0;
};

/// Text in any encoding, written out.
class TextColumn final : public ParquetColumn {
    static constexpr int64_t rows_at_a_time = 4'096;

public:
    explicit TextColumn(std::shared_ptr<parquet::ColumnReader> reader)
        : reader_(std::static_pointer_cast<parquet::ByteArrayReader>(std::move(reader))),
          has_levels_(reader_->descr()->max_definition_level() > 0),
          values_(rows_at_a_time),
          levels_(rows_at_a_time, 1) {}

    std::shared_ptr<arrow::Array> read(int64_t rows) override {
        TextRows texts(rows, std::min(text_limit, rows * bytes_per_row_ + bytes_per_row_));
        Validity validity(rows);
        while (texts.count() < rows) {
            if (place_ == count_) fetch(rows - texts.count());
            const int64_t first = place_;
            const int64_t first_row = texts.count();
            const int64_t first_value = value_;
            // What was fetched is never more than what is left to read.
            while (place_ < count_) {
                if (levels_[static_cast<size_t>(place_)] == 0) {
                    texts.append_null();
                } else {
                    const auto &text = values_[static_cast<size_t>(value_)];
                    if (!texts.takes(text.len)) break;
                    texts.append(text);
                    ++value_;
                }
                ++place_;
            }
            if (has_levels_) {
                validity.add(levels_.data() + first, first_row, place_ - first, value_ - first_value);
            }
            if (place_ < count_) break;
        }
        texts.check();
        bytes_per_row_ = texts.size() / texts.count() + 1;
        return texts.finish(validity);
    }

private:
    /// Asks for the next texts, which stay in the page they are in until more are asked for.
    void fetch(int64_t rows) {
        int64_t found = 0;
        count_ = reader_->ReadBatch(
            std::min(rows, rows_at_a_time), has_levels_ ? levels_.data() : nullptr, nullptr, values_.data(), &found);
        if (count_ <= 0) throw too_few_rows();
        if (has_levels_) check_found(levels_.data(), count_, found);
        place_ = 0;
        value_ = 0;
    }

    std::shared_ptr<parquet::ByteArrayReader> reader_;
    bool has_levels_;
    std::vector<parquet::ByteArray> values_;
    std::vector<int16_t> levels_;
    int64_t count_ = 0;
    int64_t place_ = 0;
    int64_t value_ = 0;
    int64_t bytes_per_row_ = 16;
};

/// Text as codes into the dictionary of its row group.
class EncodedTextColumn final : public ParquetColumn {
public:
    explicit EncodedTextColumn(std::shared_ptr<parquet::ColumnReader> reader)
        : reader_(std::static_pointer_cast<parquet::ByteArrayReader>(std::move(reader))),
          has_levels_(reader_->descr()->max_definition_level() > 0) {}

    std::shared_ptr<arrow::Array> read(int64_t rows) override {
        const auto buffer = allocated(rows * 4);
        auto *const codes = reinterpret_cast<int32_t *>(buffer->mutable_data());
        Validity validity(rows);
        if (has_levels_) levels_.resize(static_cast<size_t>(rows));
        int64_t row = 0;
        while (row < rows) {
            int64_t found = 0;
            const parquet::ByteArray *entries = nullptr;
            int32_t entry_count = 0;
            const int64_t count = reader_->ReadBatchWithDictionary(
                rows - row, has_levels_ ? levels_.data() : nullptr, nullptr, codes + row, &found, &entries,
                &entry_count);
            if (count <= 0) throw too_few_rows();
            if (entries != nullptr && !dictionary_) remember(entries, entry_count);
            if (has_levels_) {
                check_found(levels_.data(), count, found);
                spread(codes + row, levels_.data(), count, found);
                validity.add(levels_.data(), row, count, found);
            }
            row += count;
        }
        if (!dictionary_) remember(nullptr, 0);
        auto data = arrow::ArrayData::Make(
            arrow::dictionary(arrow::int32(), arrow::utf8()), rows, {validity.bits(), buffer}, validity.nulls());
        data->dictionary = dictionary_->data();
        return arrow::MakeArray(data);
    }

private:
    void remember(const parquet::ByteArray *entries, int32_t count) {
        TextRows texts(count, 0);
        for (int32_t entry = 0; entry < count; ++entry) texts.append(entries[entry]);
        try {
            texts.check();
        } catch (Failure &failure) {
            // An entry of the dictionary is no row.
            failure.row = 0;
            throw;
        }
        dictionary_ = texts.finish(Validity(count));
    }

    std::shared_ptr<parquet::ByteArrayReader> reader_;
    bool has_levels_;
    std::vector<int16_t> levels_;
    std::shared_ptr<arrow::Array> dictionary_;
};

}  // namespace

std::unique_ptr<ParquetColumn> text_column(std::shared_ptr<parquet::ColumnReader> reader) {
    return std::make_unique<TextColumn>(std::move(reader));
}

std::unique_ptr<ParquetColumn> encoded_text_column(std::shared_ptr<parquet::ColumnReader> reader) {
    return std::make_unique<EncodedTextColumn>(std::move(reader));
}

}  // namespace stoa
