// What every format's reader has in common.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "Failure.hpp"

/// An open part of a file that gives its rows batch by batch.
struct stoa_reader {
    virtual ~stoa_reader() = default;

    /// The next batch, nothing after the last.
    virtual std::shared_ptr<arrow::RecordBatch> next() = 0;
};

namespace stoa {

/// The fields of a struct schema that a caller hands over.
std::vector<std::shared_ptr<arrow::Field>> imported_fields(ArrowSchema *schema);

/// Checked indices below `count`.
std::vector<int> checked_projection(const int32_t *projection, int32_t projection_count, int count);

}  // namespace stoa
