#include "ParquetColumns.hpp"

#include <arrow/array/data.h>

#include <algorithm>
#include <type_traits>

#include "ParquetRows.hpp"

namespace stoa {

namespace {

bool is_text(const arrow::DataType &type) {
    return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
           type.id() == arrow::Type::STRING_VIEW;
}

/// The type of a column's values; that of its entries when it is a dictionary.
const arrow::DataType &value_type(const arrow::DataType &type) {
    if (type.id() != arrow::Type::DICTIONARY) return type;
    return *static_cast<const arrow::DictionaryType &>(type).value_type();
}

/// Whether a timestamp is stored in the unit that its type has.
bool has_same_unit(const parquet::ColumnDescriptor &column, const arrow::DataType &type) {
    const auto unit = static_cast<const arrow::TimestampType &>(type).unit();
    const auto logical = column.logical_type();
    if (!logical || !logical->is_timestamp()) return false;
    switch (static_cast<const parquet::TimestampLogicalType &>(*logical).time_unit()) {
    case parquet::LogicalType::TimeUnit::MILLIS: return unit == arrow::TimeUnit::MILLI;
    case parquet::LogicalType::TimeUnit::MICROS: return unit == arrow::TimeUnit::MICRO;
    case parquet::LogicalType::TimeUnit::NANOS: return unit == arrow::TimeUnit::NANO;
    default: return false;
    }
}

bool is_narrow_decimal(const arrow::DataType &type, int precision) {
    const bool is_decimal = type.id() == arrow::Type::DECIMAL128 || type.id() == arrow::Type::DECIMAL64 ||
                            type.id() == arrow::Type::DECIMAL32;
    return is_decimal && static_cast<const arrow::DecimalType &>(type).precision() <= precision;
}

/// Values of fixed width, stored as `Physical` and held as `Value`.
template <typename Physical, typename Value>
class FixedColumn final : public ParquetColumn {
    using Stored = typename Physical::c_type;
    static constexpr bool is_converted = !std::is_same_v<Stored, Value>;

public:
    FixedColumn(std::shared_ptr<parquet::ColumnReader> reader, std::shared_ptr<arrow::DataType> type)
        : reader_(std::static_pointer_cast<parquet::TypedColumnReader<Physical>>(std::move(reader))),
          type_(std::move(type)),
          has_levels_(reader_->descr()->max_definition_level() > 0) {}

    std::shared_ptr<arrow::Array> read(int64_t rows) override {
        const auto buffer = allocated(rows * static_cast<int64_t>(sizeof(Value)));
        auto *const values = reinterpret_cast<Value *>(buffer->mutable_data());
        Validity validity(rows);
        if (has_levels_) levels_.resize(static_cast<size_t>(rows));
        if (is_converted) scratch_.resize(static_cast<size_t>(rows));
        int64_t row = 0;
        while (row < rows) {
            Stored *target;
            if constexpr (is_converted) {
                target = scratch_.data();
            } else {
                target = values + row;
            }
            int64_t found = 0;
            const int64_t count =
                reader_->ReadBatch(rows - row, has_levels_ ? levels_.data() : nullptr, nullptr, target, &found);
            if (count <= 0) throw too_few_rows();
            if (!has_levels_) found = count;
            if (has_levels_) {
                check_found(levels_.data(), count, found);
                spread(target, levels_.data(), count, found);
                validity.add(levels_.data(), row, count, found);
            }
            if constexpr (is_converted) {
                for (int64_t place = 0; place < count; ++place) values[row + place] = static_cast<Value>(target[place]);
            }
            row += count;
        }
        if (type_->id() == arrow::Type::DECIMAL64) {
            if constexpr (std::is_same_v<Value, int64_t>) check_digits(values, rows);
        }
        return arrow::MakeArray(
            arrow::ArrayData::Make(type_, rows, {validity.bits(), buffer}, validity.nulls()));
    }

private:
    /// Fails on a decimal with more digits than its type says.
    void check_digits(const int64_t *values, int64_t rows) const {
        const int precision = static_cast<const arrow::DecimalType &>(*type_).precision();
        int64_t limit = 1;
        for (int digit = 0; digit < precision; ++digit) limit *= 10;
        int64_t least = 0;
        int64_t greatest = 0;
        for (int64_t row = 0; row < rows; ++row) {
            least = std::min(least, values[row]);
            greatest = std::max(greatest, values[row]);
        }
        if (least > -limit && greatest < limit) return;
        throw Failure(
            STOA_MALFORMED_FILE,
            "the scaled decimal " + std::to_string(greatest >= limit ? greatest : least) + " has more than " +
                std::to_string(precision) + " digits",
            "declare the precision that the values have");
    }

    std::shared_ptr<parquet::TypedColumnReader<Physical>> reader_;
    std::shared_ptr<arrow::DataType> type_;
    bool has_levels_;
    std::vector<int16_t> levels_;
    std::vector<Stored> scratch_;
};

class BoolColumn final : public ParquetColumn {
public:
    explicit BoolColumn(std::shared_ptr<parquet::ColumnReader> reader)
        : reader_(std::static_pointer_cast<parquet::BoolReader>(std::move(reader))),
          has_levels_(reader_->descr()->max_definition_level() > 0) {}

    std::shared_ptr<arrow::Array> read(int64_t rows) override {
        const auto buffer = allocated(arrow::bit_util::BytesForBits(rows));
        std::memset(buffer->mutable_data(), 0, static_cast<size_t>(buffer->size()));
        Validity validity(rows);
        if (has_levels_) levels_.resize(static_cast<size_t>(rows));
        if (!flags_ || flags_->size() < rows) flags_ = allocated(rows);
        auto *const flags = reinterpret_cast<bool *>(flags_->mutable_data());
        int64_t row = 0;
        while (row < rows) {
            int64_t found = 0;
            const int64_t count =
                reader_->ReadBatch(rows - row, has_levels_ ? levels_.data() : nullptr, nullptr, flags, &found);
            if (count <= 0) throw too_few_rows();
            if (has_levels_) {
                check_found(levels_.data(), count, found);
                spread(flags, levels_.data(), count, found);
                validity.add(levels_.data(), row, count, found);
            }
            for (int64_t place = 0; place < count; ++place) {
                if (flags[place]) arrow::bit_util::SetBit(buffer->mutable_data(), row + place);
            }
            row += count;
        }
        return arrow::MakeArray(
            arrow::ArrayData::Make(arrow::boolean(), rows, {validity.bits(), buffer}, validity.nulls()));
    }

private:
    std::shared_ptr<parquet::BoolReader> reader_;
    bool has_levels_;
    std::vector<int16_t> levels_;
    std::shared_ptr<arrow::Buffer> flags_;
};

/// A column of 32-bit integers as values of another width or meaning; null when the type cannot be one.
std::unique_ptr<ParquetColumn> column_of_int32(
    const std::shared_ptr<parquet::ColumnReader> &reader, const std::shared_ptr<arrow::DataType> &type) {
    using Int32 = parquet::Int32Type;
    switch (type->id()) {
    case arrow::Type::INT8: return std::make_unique<FixedColumn<Int32, int8_t>>(reader, type);
    case arrow::Type::UINT8: return std::make_unique<FixedColumn<Int32, uint8_t>>(reader, type);
    case arrow::Type::INT16: return std::make_unique<FixedColumn<Int32, int16_t>>(reader, type);
    case arrow::Type::UINT16: return std::make_unique<FixedColumn<Int32, uint16_t>>(reader, type);
    case arrow::Type::DECIMAL64: return std::make_unique<FixedColumn<Int32, int64_t>>(reader, type);
    default: return std::make_unique<FixedColumn<Int32, int32_t>>(reader, type);
    }
}

/// Reads a column's codes instead of its values. `RowGroupReader::ColumnWithExposeEncoding` does the same, but only for files
/// that list the encoding of the dictionary page before those of the data pages, which not all writers do.
struct ExposedCodes : parquet::ColumnReader {
    static void expose(parquet::ColumnReader &reader) {
        (reader.*&ExposedCodes::SetExposedEncoding)(parquet::ExposedEncoding::DICTIONARY);
    }
};

}  // namespace

bool is_flat(const parquet::ColumnDescriptor &column, const arrow::DataType &type) {
    if (column.max_repetition_level() > 0 || column.max_definition_level() > 1) return false;
    switch (column.physical_type()) {
    case parquet::Type::BOOLEAN: return type.id() == arrow::Type::BOOL;
    case parquet::Type::FLOAT: return type.id() == arrow::Type::FLOAT;
    case parquet::Type::DOUBLE: return type.id() == arrow::Type::DOUBLE;
    case parquet::Type::INT32:
        return type.id() == arrow::Type::INT8 || type.id() == arrow::Type::UINT8 || type.id() == arrow::Type::INT16 ||
               type.id() == arrow::Type::UINT16 || type.id() == arrow::Type::INT32 ||
               type.id() == arrow::Type::UINT32 || type.id() == arrow::Type::DATE32 || is_narrow_decimal(type, 9);
    case parquet::Type::INT64:
        return type.id() == arrow::Type::INT64 || type.id() == arrow::Type::UINT64 || is_narrow_decimal(type, 18) ||
               (type.id() == arrow::Type::TIMESTAMP && has_same_unit(column, type));
    case parquet::Type::BYTE_ARRAY: return is_text(value_type(type));
    default: return false;
    }
}

std::unique_ptr<ParquetColumn> parquet_column(
    parquet::RowGroupReader &row_group, int leaf, const std::shared_ptr<arrow::DataType> &type, bool is_encoded) {
    auto reader = row_group.Column(leaf);
    if (is_encoded) {
        ExposedCodes::expose(*reader);
        return encoded_text_column(std::move(reader));
    }
    std::shared_ptr<arrow::DataType> held = type;
    if (is_narrow_decimal(*type, 18)) {
        const auto &decimal = static_cast<const arrow::DecimalType &>(*type);
        held = check(arrow::Decimal64Type::Make(decimal.precision(), decimal.scale()));
    }
    switch (reader->type()) {
    case parquet::Type::BOOLEAN: return std::make_unique<BoolColumn>(std::move(reader));
    case parquet::Type::FLOAT:
        return std::make_unique<FixedColumn<parquet::FloatType, float>>(std::move(reader), std::move(held));
    case parquet::Type::DOUBLE:
        return std::make_unique<FixedColumn<parquet::DoubleType, double>>(std::move(reader), std::move(held));
    case parquet::Type::INT32: return column_of_int32(reader, held);
    case parquet::Type::INT64:
        return std::make_unique<FixedColumn<parquet::Int64Type, int64_t>>(std::move(reader), std::move(held));
    case parquet::Type::BYTE_ARRAY: return text_column(std::move(reader));
    default:
        throw Failure(STOA_ENGINE_FAILED, "a column of physical type " + parquet::TypeToString(reader->type()) +
                                              " was taken for one that can be decoded in place");
    }
}

}  // namespace stoa
