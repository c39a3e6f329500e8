// Writing CSV (RFC 4180, lines end in LF) so that reading it back gives the same values.
//
// Text is quoted where it must be: when it holds the delimiter, a quote or a line end, when it is empty, and when
// unquoted it would read as null.

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <cstring>

#include "Failure.hpp"
#include "TextFormat.hpp"
#include "Writer.hpp"

namespace stoa {

namespace {

class CsvWriter final : public stoa_writer {
public:
    CsvWriter(const char *path, const arrow::Schema &schema, const CsvDialect &dialect)
        : stoa_writer(path),
          dialect_(dialect),
          null_(dialect.null_strings().empty() ? std::string() : dialect.null_strings().front()),
          may_split_values_(std::strchr("0123456789.+-:TZeENatruflsin", dialect.delimiter) != nullptr) {
        if (!dialect.has_header) return;
        for (int column = 0; column < schema.num_fields(); ++column) {
            if (column > 0) text_ += dialect_.delimiter;
            append_text(schema.field(column)->name());
        }
        text_ += '\n';
    }

    void write(const arrow::RecordBatch &batch) override {
        for (int64_t row = 0; row < batch.num_rows(); ++row) {
            for (int column = 0; column < batch.num_columns(); ++column) {
                if (column > 0) text_ += dialect_.delimiter;
                append_field(*batch.column_data(column), *batch.column(column), row);
            }
            text_ += '\n';
            if (text_.size() >= flush_size) flush();
        }
    }

    void finish() override { flush(); }

private:
    static constexpr size_t flush_size = size_t{1} << 20;

    void flush() {
        file.write(text_.data(), text_.size());
        text_.clear();
    }

    void append_field(const arrow::ArrayData &data, const arrow::Array &array, int64_t row) {
        if (array.IsNull(row)) {
            text_ += null_;
            return;
        }
        if (data.type->id() == arrow::Type::STRING) {
            return append_text(static_cast<const arrow::StringArray &>(array).GetView(row));
        }
        if (data.type->id() == arrow::Type::DICTIONARY) {
            const auto &encoded = static_cast<const arrow::DictionaryArray &>(array);
            return append_text(
                static_cast<const arrow::StringArray &>(*encoded.dictionary()).GetView(encoded.GetValueIndex(row)));
        }
        const size_t begin = text_.size();
        append_value(data, row);
        if (may_split_values_ && text_.find(dialect_.delimiter, begin) != std::string::npos) {
            text_.insert(begin, 1, dialect_.quote);
            text_ += dialect_.quote;
        }
    }

    void append_value(const arrow::ArrayData &data, int64_t row) {
        switch (data.type->id()) {
        case arrow::Type::BOOL:
            text_ += arrow::bit_util::GetBit(data.buffers[1]->data(), data.offset + row) ? "true" : "false";
            break;
        case arrow::Type::INT8: append_int64(text_, data.GetValues<int8_t>(1)[row]); break;
        case arrow::Type::INT16: append_int64(text_, data.GetValues<int16_t>(1)[row]); break;
        case arrow::Type::INT32: append_int64(text_, data.GetValues<int32_t>(1)[row]); break;
        case arrow::Type::INT64: append_int64(text_, data.GetValues<int64_t>(1)[row]); break;
        case arrow::Type::UINT8: append_uint64(text_, data.GetValues<uint8_t>(1)[row]); break;
        case arrow::Type::UINT16: append_uint64(text_, data.GetValues<uint16_t>(1)[row]); break;
        case arrow::Type::UINT32: append_uint64(text_, data.GetValues<uint32_t>(1)[row]); break;
        case arrow::Type::UINT64: append_uint64(text_, data.GetValues<uint64_t>(1)[row]); break;
        case arrow::Type::FLOAT: append_float32(text_, data.GetValues<float>(1)[row]); break;
        case arrow::Type::DOUBLE: append_float64(text_, data.GetValues<double>(1)[row]); break;
        case arrow::Type::DATE32: append_date(text_, data.GetValues<int32_t>(1)[row]); break;
        case arrow::Type::TIMESTAMP: {
            const auto &type = static_cast<const arrow::TimestampType &>(*data.type);
            append_timestamp(text_, data.GetValues<int64_t>(1)[row], !type.timezone().empty());
            break;
        }
        case arrow::Type::DECIMAL128: {
            __int128 unscaled;
            std::memcpy(&unscaled, data.buffers[1]->data() + (data.offset + row) * 16, 16);
            append_decimal(text_, unscaled, static_cast<const arrow::Decimal128Type &>(*data.type).scale());
            break;
        }
        default: throw Failure(STOA_UNSUPPORTED, "a column of type " + data.type->ToString() + " in a CSV file");
        }
    }

    void append_text(std::string_view text) {
        bool needs_quotes = text.empty() || dialect_.is_null(text.data(), text.size());
        for (const char byte : text) {
            needs_quotes |= byte == dialect_.delimiter || byte == dialect_.quote || byte == '\n' || byte == '\r';
        }
        if (!needs_quotes) {
            text_ += text;
            return;
        }
        text_ += dialect_.quote;
        for (const char byte : text) {
            if (byte == dialect_.quote) text_ += byte;
            text_ += byte;
        }
        text_ += dialect_.quote;
    }

    CsvDialect dialect_;
    std::string null_;
    // Whether numbers, dates and the like may hold the delimiter.
    bool may_split_values_;
    std::string text_;
};

}  // namespace

std::unique_ptr<stoa_writer> make_csv_writer(
    const char *path, const std::shared_ptr<arrow::Schema> &schema, const CsvDialect &dialect) {
    return std::make_unique<CsvWriter>(path, *schema, dialect);
}

}  // namespace stoa
