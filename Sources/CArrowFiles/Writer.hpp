// What every format's writer has in common.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>

#include "AtomicFile.hpp"
#include "CsvDialect.hpp"

struct stoa_writer {
    explicit stoa_writer(const char *path) : file(path) {}
    virtual ~stoa_writer() = default;

    /// Adds a batch of the schema's types, text perhaps dictionary-encoded.
    virtual void write(const arrow::RecordBatch &batch) = 0;
    /// Writes what comes last, before the file gets its name.
    virtual void finish() = 0;

    stoa::AtomicFile file;
    std::shared_ptr<arrow::Schema> schema;
    bool is_durable = false;
};

namespace stoa {

std::unique_ptr<stoa_writer> make_csv_writer(
    const char *path, const std::shared_ptr<arrow::Schema> &schema, const CsvDialect &dialect);

}  // namespace stoa
