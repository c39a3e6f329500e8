// What a Parquet file says about the values of one column chunk.
#pragma once

#include <parquet/metadata.h>

#include "CArrowFiles.h"

namespace stoa {

/// Fills in bounds and number of nulls, as far as the chunk has them in a form whose order we know.
void read_statistics(const parquet::ColumnChunkMetaData &chunk, stoa_statistics &statistics);

}  // namespace stoa
