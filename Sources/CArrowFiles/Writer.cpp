// Writing files: Parquet and Arrow IPC by Arrow's writers, CSV by our own.

#include "Writer.hpp"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/api_vector.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <fcntl.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "FileTypes.hpp"
#include "InputFile.hpp"
#include "Reader.hpp"

namespace {

/// A second descriptor of the file, which Arrow's stream owns and closes.
std::shared_ptr<arrow::io::OutputStream> stream_over(const stoa::AtomicFile &file) {
    const int copy = ::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw stoa::Failure(STOA_INPUT_OUTPUT_FAILED, "the file cannot be opened twice");
    return stoa::check(arrow::io::FileOutputStream::Open(copy));
}

/// The batch with its text written out: file schemas say utf8.
std::shared_ptr<arrow::RecordBatch> decoded(
    const arrow::RecordBatch &batch, const std::shared_ptr<arrow::Schema> &schema) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto &array : batch.columns()) {
        if (array->type_id() != arrow::Type::DICTIONARY) {
            arrays.push_back(array);
            continue;
        }
        const auto &encoded = static_cast<const arrow::DictionaryArray &>(*array);
        arrays.push_back(stoa::check(arrow::compute::Take(*encoded.dictionary(), *encoded.indices())));
    }
    return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(arrays));
}

class ParquetWriter final : public stoa_writer {
public:
    ParquetWriter(const char *path, const std::shared_ptr<arrow::Schema> &schema, int64_t row_group_rows)
        : stoa_writer(path), stream_(stream_over(file)) {
        const auto properties = parquet::WriterProperties::Builder()
                                    .compression(arrow::Compression::ZSTD)
                                    ->enable_statistics()
                                    ->enable_dictionary()
                                    ->max_row_group_length(row_group_rows)
                                    ->build();
        const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
        writer_ = stoa::check(parquet::arrow::FileWriter::Open(
            *schema, arrow::default_memory_pool(), stream_, properties, arrow_properties));
    }

    void write(const arrow::RecordBatch &batch) override {
        stoa::check(writer_->WriteRecordBatch(*decoded(batch, schema)));
    }

    void finish() override {
        stoa::check(writer_->Close());
        stoa::check(stream_->Close());
    }

private:
    std::shared_ptr<arrow::io::OutputStream> stream_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

class IpcWriter final : public stoa_writer {
public:
    IpcWriter(const char *path, const std::shared_ptr<arrow::Schema> &schema)
        : stoa_writer(path),
          stream_(stream_over(file)),
          writer_(stoa::check(arrow::ipc::MakeFileWriter(stream_, schema))) {}

    void write(const arrow::RecordBatch &batch) override {
        stoa::check(writer_->WriteRecordBatch(*decoded(batch, schema)));
    }

    void finish() override {
        stoa::check(writer_->Close());
        stoa::check(stream_->Close());
    }

private:
    std::shared_ptr<arrow::io::OutputStream> stream_;
    std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

std::unique_ptr<stoa_writer> made(const stoa_write_request &request, const std::shared_ptr<arrow::Schema> &schema) {
    switch (request.format) {
    case STOA_FORMAT_CSV: return stoa::make_csv_writer(request.path, schema, stoa::CsvDialect(*request.dialect));
    case STOA_FORMAT_PARQUET: return std::make_unique<ParquetWriter>(request.path, schema, request.row_group_rows);
    case STOA_FORMAT_IPC: return std::make_unique<IpcWriter>(request.path, schema);
    default: throw stoa::Failure(STOA_INVALID_ARGUMENT, "no writer for this format");
    }
}

void check_types(const arrow::RecordBatch &batch, const arrow::Schema &schema) {
    bool fits = batch.num_columns() == schema.num_fields();
    for (int column = 0; fits && column < batch.num_columns(); ++column) {
        fits = stoa::shown_field(*batch.schema()->field(column))->type()->Equals(schema.field(column)->type());
    }
    if (!fits) {
        throw stoa::Failure(
            STOA_INVALID_ARGUMENT,
            "a batch of " + batch.schema()->ToString() + " for a file of " + schema.ToString());
    }
}

}  // namespace

stoa_status stoa_writer_open(const stoa_write_request *request, stoa_writer **writer) {
    return stoa::guarded([&] {
        const auto schema = arrow::schema(stoa::imported_fields(request->columns));
        auto opened = made(*request, schema);
        opened->schema = schema;
        opened->is_durable = request->is_durable;
        *writer = opened.release();
    });
}

stoa_status stoa_writer_write(stoa_writer *writer, ArrowArray *array, ArrowSchema *schema) {
    return stoa::guarded([&] {
        const auto batch = stoa::check(arrow::ImportRecordBatch(array, schema));
        check_types(*batch, *writer->schema);
        writer->write(*batch);
    });
}

stoa_status stoa_writer_close(stoa_writer *writer) {
    const std::unique_ptr<stoa_writer> owner(writer);
    return stoa::guarded([&] {
        writer->finish();
        writer->file.commit(writer->is_durable);
    });
}

void stoa_writer_abort(stoa_writer *writer) { delete writer; }
