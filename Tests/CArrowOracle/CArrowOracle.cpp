#include "CArrowOracle.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/json/from_string.h>

#include <algorithm>
#include <cstring>

namespace {

int finish(const arrow::Status &status, char *message, int64_t capacity) {
    if (status.ok()) return 0;
    std::string text = status.ToString();
    size_t count = std::min<size_t>(text.size(), static_cast<size_t>(capacity) - 1);
    std::memcpy(message, text.data(), count);
    message[count] = 0;
    return 1;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> parse(const std::shared_ptr<arrow::Schema> &schema,
                                                         const char *json) {
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json));
    return arrow::RecordBatch::FromStructArray(array);
}

}  // namespace

int arrow_oracle_make(ArrowSchema *type, const char *json, int64_t first, int64_t length, ArrowArray *array,
                      ArrowSchema *schema, char *message, int64_t capacity) {
    auto run = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto imported, arrow::ImportSchema(type));
        ARROW_ASSIGN_OR_RAISE(auto batch, parse(imported, json));
        return arrow::ExportRecordBatch(*arrow::RecordBatch::Make(imported, length, batch->Slice(first, length)->columns()),
                                        array, schema);
    };
    return finish(run(), message, capacity);
}

int arrow_oracle_make_dictionary(ArrowSchema *type, const char *codes, const char *dictionary, ArrowArray *array,
                                 ArrowSchema *schema, char *message, int64_t capacity) {
    auto run = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto imported, arrow::ImportSchema(type));
        ARROW_ASSIGN_OR_RAISE(auto column, arrow::json::DictArrayFromJSONString(imported->field(0)->type(), codes,
                                                                               dictionary));
        return arrow::ExportRecordBatch(*arrow::RecordBatch::Make(imported, column->length(), {column}), array, schema);
    };
    return finish(run(), message, capacity);
}

int arrow_oracle_round_trip(ArrowArray *array, ArrowSchema *schema, char *message, int64_t capacity) {
    auto run = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto batch, arrow::ImportRecordBatch(array, schema));
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        return arrow::ExportRecordBatch(*batch, array, schema);
    };
    return finish(run(), message, capacity);
}

int arrow_oracle_compare(ArrowArray *array, ArrowSchema *schema, const char *json, char *message, int64_t capacity) {
    auto run = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto batch, arrow::ImportRecordBatch(array, schema));
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        ARROW_ASSIGN_OR_RAISE(auto expected, parse(batch->schema(), json));
        if (batch->ApproxEquals(*expected, arrow::EqualOptions::Defaults().atol(0).nans_equal(true))) {
            return arrow::Status::OK();
        }
        return arrow::Status::Invalid(batch->ToString(), " where there should be ", expected->ToString());
    };
    return finish(run(), message, capacity);
}

int arrow_oracle_round_trip_stream(ArrowArrayStream *stream, char *message, int64_t capacity) {
    auto run = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ImportRecordBatchReader(stream));
        ARROW_ASSIGN_OR_RAISE(auto batches, reader->ToRecordBatches());
        for (const auto &batch : batches) ARROW_RETURN_NOT_OK(batch->ValidateFull());
        ARROW_ASSIGN_OR_RAISE(auto again, arrow::RecordBatchReader::Make(batches, reader->schema()));
        return arrow::ExportRecordBatchReader(again, stream);
    };
    return finish(run(), message, capacity);
}

int64_t arrow_oracle_allocated_bytes(void) { return arrow::default_memory_pool()->bytes_allocated(); }
