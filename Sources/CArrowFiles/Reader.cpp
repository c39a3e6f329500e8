#include "Reader.hpp"

#include <arrow/c/bridge.h>

namespace stoa {

std::vector<std::shared_ptr<arrow::Field>> imported_fields(ArrowSchema *schema) {
    return check(arrow::ImportSchema(schema))->fields();
}

std::vector<int> checked_projection(const int32_t *projection, int32_t projection_count, int count) {
    std::vector<int> columns(projection, projection + projection_count);
    for (const int column : columns) {
        if (column < 0 || column >= count) {
            throw Failure(
                STOA_INVALID_ARGUMENT,
                "column " + std::to_string(column) + " of a file with " + std::to_string(count) + " columns");
        }
    }
    return columns;
}

}  // namespace stoa

stoa_status stoa_reader_next(stoa_reader *reader, ArrowArray *array, ArrowSchema *schema) {
    array->release = nullptr;
    schema->release = nullptr;
    return stoa::guarded([&] {
        const auto batch = reader->next();
        if (batch) stoa::check(arrow::ExportRecordBatch(*batch, array, schema));
    });
}

void stoa_reader_close(stoa_reader *reader) { delete reader; }
