// Opening Parquet files whose footers were read before.
#pragma once

#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <memory>

namespace stoa {

/// Opens a Parquet file. Every task of a scan opens its file, and so does the planner; for a file of some thousand column
/// chunks parsing the footer takes a millisecond. Those of the last files that were opened are kept and used again while
/// the file is unchanged: the same inode, size, and times of the last changes. Calls may come from any thread.
std::unique_ptr<parquet::ParquetFileReader> opened_parquet(
    const char *path, const parquet::ReaderProperties &properties);

}  // namespace stoa
