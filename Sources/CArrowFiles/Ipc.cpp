// Arrow IPC files and streams.

#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "FileTypes.hpp"
#include "InputFile.hpp"
#include "Reader.hpp"

namespace {

/// Whether the file begins as the file format does; otherwise it must be the stream format.
bool has_file_format(const char *path) {
    const stoa::InputFile file(path);
    char magic[6] = {};
    file.read(0, magic, std::min<int64_t>(6, file.size()));
    return std::memcmp(magic, "ARROW1", 6) == 0;
}

arrow::ipc::IpcReadOptions options_reading(std::vector<int> columns) {
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    options.included_fields = std::move(columns);
    return options;
}

std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_reader(
    const char *path, const arrow::ipc::IpcReadOptions &options) {
    // Not mapped: a file that somebody makes shorter would end the process, one that is overwritten change rows that
    // were checked.
    auto file = stoa::check(arrow::io::ReadableFile::Open(path));
    return stoa::check(arrow::ipc::RecordBatchFileReader::Open(file, options));
}

std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_reader(
    const char *path, const arrow::ipc::IpcReadOptions &options) {
    auto file = stoa::check(arrow::io::ReadableFile::Open(path));
    return stoa::check(arrow::ipc::RecordBatchStreamReader::Open(file, options));
}

class IpcReader final : public stoa_reader {
public:
    IpcReader(const char *path, int64_t first, int64_t end, const int32_t *projection, int32_t projection_count)
        : next_(first), end_(end) {
        const bool is_file = has_file_format(path);
        const auto all = options_reading({});
        const auto schema = is_file ? file_reader(path, all)->schema() : stream_reader(path, all)->schema();
        const auto columns = stoa::checked_projection(projection, projection_count, schema->num_fields());
        std::vector<int> read(columns);
        std::sort(read.begin(), read.end());
        read.erase(std::unique(read.begin(), read.end()), read.end());
        for (const int column : columns) {
            order_.push_back(static_cast<int>(std::lower_bound(read.begin(), read.end(), column) - read.begin()));
        }
        // No field means all fields to Arrow; the order then picks none.
        const auto options = options_reading(read);
        if (is_file) {
            file_ = file_reader(path, options);
            if (first < 0 || end > file_->num_record_batches()) {
                throw stoa::Failure(STOA_INVALID_ARGUMENT, "the file has fewer batches than were asked for");
            }
        } else {
            stream_ = stream_reader(path, options);
        }
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        std::shared_ptr<arrow::RecordBatch> batch;
        do {
            if (stream_) {
                stoa::check(stream_->ReadNext(&batch));
                if (!batch) return nullptr;
            } else {
                if (next_ == end_) return nullptr;
                batch = stoa::check(file_->ReadRecordBatch(static_cast<int>(next_++)));
            }
        } while (batch->num_rows() == 0);
        // Arrow believes a file; buffers, offsets and codes that lead out of it must not be read.
        for (int column = 0; column < batch->num_columns(); ++column) {
            try {
                stoa::check(batch->column(column)->ValidateFull());
            } catch (stoa::Failure &failure) {
                failure.column = batch->column_name(column);
                throw;
            }
        }
        stoa::check(batch->Validate());
        return stoa::projected_batch(*batch, order_);
    }

private:
    int64_t next_;
    int64_t end_;
    std::vector<int> order_;
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
    std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_;
};

// The field whose values take the fewest bytes, as far as the type tells.
int narrowest_field(const arrow::Schema &schema) {
    const auto width = [&](int field) {
        const auto &type = *schema.field(field)->type();
        // A dictionary is read along with its codes, a text along with its offsets.
        return type.id() != arrow::Type::DICTIONARY && type.bit_width() >= 0 ? type.bit_width() : std::numeric_limits<int>::max();
    };
    int narrowest = 0;
    for (int field = 1; field < schema.num_fields(); ++field) {
        if (width(field) < width(narrowest)) narrowest = field;
    }
    return narrowest;
}

}  // namespace

/// An open file of which only the footer, or the head of the stream, is read.
struct stoa_ipc {
    // Reads no more than the narrowest column, to count rows; null for the stream format.
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> file;
    std::shared_ptr<arrow::Schema> schema;

    explicit stoa_ipc(const char *path) {
        if (has_file_format(path)) {
            schema = file_reader(path, options_reading({}))->schema();
            std::vector<int> narrowest;
            if (schema->num_fields() > 0) narrowest.push_back(narrowest_field(*schema));
            file = file_reader(path, options_reading(narrowest));
        } else {
            schema = stream_reader(path, options_reading({}))->schema();
        }
    }
};

stoa_status stoa_ipc_open(const char *path, stoa_ipc **file) {
    return stoa::guarded([&] { *file = new stoa_ipc(path); });
}

void stoa_ipc_close(stoa_ipc *file) { delete file; }

stoa_status stoa_ipc_schema(stoa_ipc *file, ArrowSchema *schema) {
    return stoa::guarded([&] { stoa::check(arrow::ExportSchema(*stoa::shown_schema(*file->schema), schema)); });
}

int64_t stoa_ipc_batch_count(const stoa_ipc *file) { return file->file ? file->file->num_record_batches() : -1; }

stoa_status stoa_ipc_batch_rows(stoa_ipc *file, int64_t batch, int64_t *rows) {
    return stoa::guarded([&] {
        *rows = stoa::check(file->file->ReadRecordBatch(static_cast<int>(batch)))->num_rows();
    });
}

stoa_status stoa_ipc_read(
    const char *path, int64_t first, int64_t end, const int32_t *projection, int32_t projection_count,
    stoa_reader **reader) {
    return stoa::guarded([&] { *reader = new IpcReader(path, first, end, projection, projection_count); });
}
