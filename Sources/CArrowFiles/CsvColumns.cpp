#include "CsvColumns.hpp"

#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstring>

#include "TextValues.hpp"

namespace stoa {

void GrowingBuffer::reserve(int64_t bytes) {
    if (!buffer_) buffer_ = check(arrow::AllocateResizableBuffer(bytes));
    else if (buffer_->size() < bytes) check(buffer_->Resize(std::max(bytes, buffer_->size() * 2)));
}

std::shared_ptr<arrow::Buffer> GrowingBuffer::finish(int64_t bytes) {
    // Giving memory back costs a copy, which pays when much of it is unused.
    if (buffer_->size() > 2 * bytes + 4096) check(buffer_->Resize(bytes, true));
    else check(buffer_->Resize(bytes, false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
}

void NullTracker::set_null(int64_t row, int64_t batch_rows) {
    if (!bits_) {
        bits_ = check(arrow::AllocateResizableBuffer(arrow::bit_util::BytesForBits(batch_rows)));
        std::memset(bits_->mutable_data(), 0xFF, static_cast<size_t>(bits_->size()));
    }
    arrow::bit_util::ClearBit(bits_->mutable_data(), row);
    ++null_count_;
}

bool NullTracker::is_null(int64_t row) const { return bits_ && !arrow::bit_util::GetBit(bits_->data(), row); }

std::shared_ptr<arrow::Buffer> NullTracker::finish(int64_t rows) {
    null_count_ = 0;
    if (!bits_) return nullptr;
    check(bits_->Resize(arrow::bit_util::BytesForBits(rows), false));
    return std::shared_ptr<arrow::Buffer>(std::move(bits_));
}

Failure ColumnBuilder::bad_value(const RecordBlock &block, size_t row, const std::string &problem) const {
    const RawField field = block.field(row, column_);
    const std::string found = quoted(field.data(), field.size());
    const std::string type = type_name(*type_);
    return Failure(
               STOA_MALFORMED_FILE, problem.empty() ? found + " is not a value of type " + type : found + " " + problem,
               "give the column's right type in `types:`, or the text among the null strings if it means null")
        .at(block.record(row), name_);
}

namespace {

/// A column of fixed-width values. `Parse::fast` reads most values from the raw field, after which 64 more bytes can be
/// read; `Parse::full` gets whatever that refused, unquoted and trimmed, when it does not mean null.
template <typename Value, typename Parse>
class FixedBuilder final : public ColumnBuilder {
public:
    FixedBuilder(const arrow::Field &field, size_t column, const CsvDialect &dialect, Parse parse)
        : ColumnBuilder(field.name(), field.type(), column, dialect), parse_(parse) {
        for (const auto &null : dialect.null_strings()) {
            Value value;
            null_may_parse_ |= parse_.full(null, value);
        }
    }

    void begin(int64_t batch_rows) override {
        batch_rows_ = batch_rows;
        values_.reserve(batch_rows * static_cast<int64_t>(sizeof(Value)));
    }

    void append(const RecordBlock &block, size_t from, size_t to) override {
        const RecordBlock::ColumnView fields(block, column_);
        auto *out = reinterpret_cast<Value *>(values_.data()) + rows_;
        const bool null_may_parse = null_may_parse_;
        for (size_t row = from; row < to; ++row, ++out) {
            const RawField field = fields[row];
            if (null_may_parse || !parse_.fast(field.data(), field.data() + field.size(), *out)) {
                append_slowly(block, row, rows_ + static_cast<int64_t>(row - from), *out);
            }
        }
        rows_ += static_cast<int64_t>(to - from);
    }

    std::shared_ptr<arrow::ArrayData> finish() override {
        const int64_t rows = rows_;
        const int64_t nulls = nulls_.null_count();
        rows_ = 0;
        auto values = values_.finish(rows * static_cast<int64_t>(sizeof(Value)));
        return arrow::ArrayData::Make(type_, rows, {nulls_.finish(rows), std::move(values)}, nulls);
    }

private:
    [[gnu::noinline]] void append_slowly(const RecordBlock &block, size_t row, int64_t batch_row, Value &value) {
        const RawField field = block.field(row, column_);
        std::string_view text = field;
        if (is_quoted(field, dialect_) && !unquote(field, dialect_, scratch_, text)) {
            throw bad_value(block, row, "has text after the closing quote");
        }
        if (dialect_.is_null(text.data(), text.size())) return set_null(batch_row, value);
        text = trimmed(text);
        if (parse_.full(text, value)) return;
        if (!dialect_.is_null(text.data(), text.size())) throw bad_value(block, row, parse_.problem(text));
        set_null(batch_row, value);
    }

    void set_null(int64_t batch_row, Value &value) {
        value = Value{};
        nulls_.set_null(batch_row, batch_rows_);
    }

    Parse parse_;
    bool null_may_parse_ = false;
    int64_t batch_rows_ = 0;
    int64_t rows_ = 0;
    GrowingBuffer values_;
    NullTracker nulls_;
};

/// What most kinds of values share: nothing is read fast, and there is no more to say about a bad value.
struct SlowParse {
    template <typename Value>
    bool fast(const char *, const char *, Value &) const {
        return false;
    }
    std::string problem(std::string_view) const { return {}; }
};

template <typename Value>
struct IntegerParse : SlowParse {
    bool fast(const char *begin, const char *end, Value &value) const {
        int64_t wide;
        if (!parse_int64_padded(begin, end, wide)) return false;
        value = static_cast<Value>(wide);
        return static_cast<int64_t>(value) == wide;
    }
    bool full(std::string_view text, Value &value) const {
        int64_t wide;
        if (!parse_int64(text.data(), text.data() + text.size(), wide)) return false;
        value = static_cast<Value>(wide);
        return static_cast<int64_t>(value) == wide;
    }
};

template <typename Value>
struct UnsignedParse : SlowParse {
    bool fast(const char *begin, const char *end, Value &value) const {
        uint64_t wide;
        if (!parse_uint64(begin, end, wide)) return false;
        value = static_cast<Value>(wide);
        return static_cast<uint64_t>(value) == wide;
    }
    bool full(std::string_view text, Value &value) const {
        return fast(text.data(), text.data() + text.size(), value);
    }
};

struct DoubleParse : SlowParse {
    bool fast(const char *begin, const char *end, double &value) const {
        // A word such as NA must be compared with the null strings before it can be read as NaN.
        if (begin == end || (static_cast<unsigned char>(*begin) > '9')) return false;
        return parse_float64(begin, end, value);
    }
    bool full(std::string_view text, double &value) const {
        return parse_float64_slow(text.data(), text.data() + text.size(), value);
    }
};

struct FloatParse : SlowParse {
    bool full(std::string_view text, float &value) const {
        return parse_float32(text.data(), text.data() + text.size(), value);
    }
};

struct DateParse : SlowParse {
    bool fast(const char *begin, const char *end, int32_t &days) const {
        return parse_date({begin, static_cast<size_t>(end - begin)}, days);
    }
    bool full(std::string_view text, int32_t &days) const { return parse_date(text, days); }
};

struct TimestampParse : SlowParse {
    bool has_zone;

    bool fast(const char *begin, const char *end, int64_t &microseconds) const {
        return full({begin, static_cast<size_t>(end - begin)}, microseconds);
    }
    bool full(std::string_view text, int64_t &microseconds) const {
        bool has_offset;
        return parse_timestamp(text, microseconds, has_offset) && has_offset == has_zone;
    }
    std::string problem(std::string_view text) const {
        int64_t microseconds;
        bool has_offset;
        if (!parse_timestamp(text, microseconds, has_offset)) return {};
        return has_offset ? "names an offset from UTC in a column of timestamps without a zone"
                          : "names no offset from UTC in a column of timestamps with a zone";
    }
};

struct DecimalParse : SlowParse {
    int precision;
    int scale;

    bool full(std::string_view text, __int128 &value) const { return parse_decimal(text, precision, scale, value); }
};

class BoolBuilder final : public ColumnBuilder {
public:
    BoolBuilder(const arrow::Field &field, size_t column, const CsvDialect &dialect)
        : ColumnBuilder(field.name(), field.type(), column, dialect) {}

    void begin(int64_t batch_rows) override {
        batch_rows_ = batch_rows;
        const int64_t bytes = arrow::bit_util::BytesForBits(batch_rows);
        bits_.reserve(bytes);
        std::memset(bits_.data(), 0, static_cast<size_t>(bytes));
    }

    void append(const RecordBlock &block, size_t from, size_t to) override {
        for (size_t row = from; row < to; ++row, ++rows_) {
            const RawField field = block.field(row, column_);
            std::string_view text = field;
            if (is_quoted(field, dialect_) && !unquote(field, dialect_, scratch_, text)) {
                throw bad_value(block, row, "has text after the closing quote");
            }
            bool value = false;
            if (dialect_.is_null(text.data(), text.size()) ||
                (!parse_bool(text = trimmed(text), value) && dialect_.is_null(text.data(), text.size()))) {
                nulls_.set_null(rows_, batch_rows_);
            } else if (!parse_bool(text, value)) {
                throw bad_value(block, row);
            }
            if (value) arrow::bit_util::SetBit(bits_.data(), rows_);
        }
    }

    std::shared_ptr<arrow::ArrayData> finish() override {
        const int64_t rows = rows_;
        const int64_t nulls = nulls_.null_count();
        rows_ = 0;
        auto bits = bits_.finish(arrow::bit_util::BytesForBits(rows));
        return arrow::ArrayData::Make(type_, rows, {nulls_.finish(rows), std::move(bits)}, nulls);
    }

private:
    int64_t batch_rows_ = 0;
    int64_t rows_ = 0;
    GrowingBuffer bits_;
    NullTracker nulls_;
};

template <typename Value, typename Parse>
std::unique_ptr<ColumnBuilder> fixed(
    const arrow::Field &field, size_t column, const CsvDialect &dialect, Parse parse = {}) {
    return std::make_unique<FixedBuilder<Value, Parse>>(field, column, dialect, parse);
}

}  // namespace

std::unique_ptr<ColumnBuilder> make_column_builder(
    const arrow::Field &field, size_t column, const CsvDialect &dialect) {
    switch (field.type()->id()) {
    case arrow::Type::BOOL: return std::make_unique<BoolBuilder>(field, column, dialect);
    case arrow::Type::INT8: return fixed<int8_t, IntegerParse<int8_t>>(field, column, dialect);
    case arrow::Type::INT16: return fixed<int16_t, IntegerParse<int16_t>>(field, column, dialect);
    case arrow::Type::INT32: return fixed<int32_t, IntegerParse<int32_t>>(field, column, dialect);
    case arrow::Type::INT64: return fixed<int64_t, IntegerParse<int64_t>>(field, column, dialect);
    case arrow::Type::UINT8: return fixed<uint8_t, UnsignedParse<uint8_t>>(field, column, dialect);
    case arrow::Type::UINT16: return fixed<uint16_t, UnsignedParse<uint16_t>>(field, column, dialect);
    case arrow::Type::UINT32: return fixed<uint32_t, UnsignedParse<uint32_t>>(field, column, dialect);
    case arrow::Type::UINT64: return fixed<uint64_t, UnsignedParse<uint64_t>>(field, column, dialect);
    case arrow::Type::FLOAT: return fixed<float, FloatParse>(field, column, dialect);
    case arrow::Type::DOUBLE: return fixed<double, DoubleParse>(field, column, dialect);
    case arrow::Type::DATE32: return fixed<int32_t, DateParse>(field, column, dialect);
    case arrow::Type::DECIMAL128: {
        const auto &type = static_cast<const arrow::Decimal128Type &>(*field.type());
        return fixed<__int128, DecimalParse>(field, column, dialect, {{}, type.precision(), type.scale()});
    }
    case arrow::Type::TIMESTAMP: {
        const auto &type = static_cast<const arrow::TimestampType &>(*field.type());
        if (type.unit() != arrow::TimeUnit::MICRO) break;
        return fixed<int64_t, TimestampParse>(field, column, dialect, {{}, !type.timezone().empty()});
    }
    case arrow::Type::STRING: return make_text_builder(field, column, dialect);
    default: break;
    }
    throw Failure(STOA_UNSUPPORTED, "a column of type " + field.type()->ToString() + " cannot be read from CSV")
        .at(0, field.name());
}

}  // namespace stoa
