// Which Arrow types of files Stoa can hold, and in what form they are handed over.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

namespace stoa {

/// The field as the schema of a file shows it: dictionaries as their values, number types that the C Data import does
/// not take as the nearest that holds them all. Fails on types Stoa has no column for, naming field and type.
std::shared_ptr<arrow::Field> shown_field(const arrow::Field &field);

/// The schema of all fields so shown.
std::shared_ptr<arrow::Schema> shown_schema(const arrow::Schema &schema);

/// A column of a file in a form that fits `shown_field`; text may be dictionary-encoded. Copies only when
/// the form changes.
std::shared_ptr<arrow::Array> handed_over(const std::shared_ptr<arrow::Array> &array);

/// The columns at these indices, handed over.
std::shared_ptr<arrow::RecordBatch> projected_batch(const arrow::RecordBatch &batch, const std::vector<int> &columns);

/// A type as Stoa prints it.
std::string type_name(const arrow::DataType &type);

}  // namespace stoa
