// Columns of a Parquet row group, decoded straight into the layout that Stoa holds.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include <memory>

namespace stoa {

/// One column of one row group, read from the first row to the last.
class ParquetColumn {
public:
    virtual ~ParquetColumn() = default;

    /// The next rows: `rows` of them, which must be left, or fewer when so many would have too much text for a batch; at
    /// least one. The row of a failure counts from 1 among them, 0 when none is to blame.
    virtual std::shared_ptr<arrow::Array> read(int64_t rows) = 0;
};

/// Whether `parquet_column` reads columns so described as this type: no lists or structs, and a physical type whose values
/// are those of the type or become so by changing their width.
bool is_flat(const parquet::ColumnDescriptor &column, const arrow::DataType &type);

/// A reader of a flat column.
///
/// Text comes encoded by the row group's dictionary when `is_encoded` says that all its pages are. Decimals of up to 18
/// digits come as decimal64, whose values Stoa holds.
std::unique_ptr<ParquetColumn> parquet_column(
    parquet::RowGroupReader &row_group, int leaf, const std::shared_ptr<arrow::DataType> &type, bool is_encoded);

}  // namespace stoa
