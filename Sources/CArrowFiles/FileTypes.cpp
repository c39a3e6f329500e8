#include "FileTypes.hpp"

#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>

#include "Failure.hpp"

namespace stoa {

namespace {

bool is_text(const arrow::DataType &type) {
    return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
           type.id() == arrow::Type::STRING_VIEW;
}

/// The type to convert to; null when the column may stay as it is.
std::shared_ptr<arrow::DataType> converted_type(const arrow::DataType &type) {
    if (type.id() == arrow::Type::HALF_FLOAT) return arrow::float32();
    if (type.id() == arrow::Type::DECIMAL256) {
        const auto &decimal = static_cast<const arrow::DecimalType &>(type);
        if (decimal.precision() <= 38) return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    return nullptr;
}

bool is_held(const arrow::DataType &type) {
    switch (type.id()) {
    case arrow::Type::NA:
    case arrow::Type::BOOL:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP: return true;
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128: {
        const auto &decimal = static_cast<const arrow::DecimalType &>(type);
        return decimal.scale() >= 0 && decimal.scale() <= decimal.precision();
    }
    default: return arrow::is_integer(type.id()) || is_text(type);
    }
}

}  // namespace

std::shared_ptr<arrow::Field> shown_field(const arrow::Field &field) {
    std::shared_ptr<arrow::DataType> type = field.type();
    if (type->id() == arrow::Type::DICTIONARY) {
        type = static_cast<const arrow::DictionaryType &>(*type).value_type();
    }
    if (const auto other = converted_type(*type)) type = other;
    if (!is_held(*type)) {
        throw Failure(
            STOA_UNSUPPORTED, "a column of type " + field.type()->ToString() + " cannot be read",
            "store it as numbers, text, dates, timestamps or decimals of at most 38 digits")
            .at(0, field.name());
    }
    return field.WithType(type)->RemoveMetadata();
}

std::shared_ptr<arrow::Schema> shown_schema(const arrow::Schema &schema) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const auto &field : schema.fields()) fields.push_back(shown_field(*field));
    return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Array> handed_over(const std::shared_ptr<arrow::Array> &array) {
    if (array->type_id() == arrow::Type::DICTIONARY) {
        const auto &encoded = static_cast<const arrow::DictionaryArray &>(*array);
        if (!is_text(*encoded.dictionary()->type())) {
            return handed_over(check(arrow::compute::Take(*encoded.dictionary(), *encoded.indices())));
        }
        return array;
    }
    if (const auto type = converted_type(*array->type())) return check(arrow::compute::Cast(*array, type));
    return array;
}

std::shared_ptr<arrow::RecordBatch> projected_batch(const arrow::RecordBatch &batch, const std::vector<int> &columns) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const int column : columns) {
        const auto &field = batch.schema()->field(column);
        try {
            arrays.push_back(handed_over(batch.column(column)));
        } catch (Failure &failure) {
            failure.column = field->name();
            throw;
        }
        fields.push_back(field->WithType(arrays.back()->type())->RemoveMetadata());
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), std::move(arrays));
}

std::string type_name(const arrow::DataType &type) {
    switch (type.id()) {
    case arrow::Type::FLOAT: return "float32";
    case arrow::Type::DOUBLE: return "float64";
    case arrow::Type::STRING: return "utf8";
    case arrow::Type::DATE32: return "date32";
    case arrow::Type::TIMESTAMP: {
        const auto &zone = static_cast<const arrow::TimestampType &>(type).timezone();
        return zone.empty() ? "timestamp" : "timestamp(" + zone + ")";
    }
    case arrow::Type::DECIMAL128: {
        const auto &decimal = static_cast<const arrow::Decimal128Type &>(type);
        return "decimal(" + std::to_string(decimal.precision()) + ", " + std::to_string(decimal.scale()) + ")";
    }
    default: return type.ToString();
    }
}

}  // namespace stoa
