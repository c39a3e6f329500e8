// Parquet files: schema, statistics, batches of chosen row groups.

#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>

#include "FileTypes.hpp"
#include "InputFile.hpp"
#include "ParquetStatistics.hpp"
#include "Reader.hpp"

namespace {

/// Index of the Parquet column that holds a field. Fields of several columns are no types Stoa can hold.
int leaf_of(const parquet::arrow::SchemaManifest &manifest, int column) {
    const auto &field = manifest.schema_fields[static_cast<size_t>(column)];
    if (field.is_leaf()) return field.column_index;
    stoa::shown_field(*field.field);
    throw stoa::Failure(STOA_UNSUPPORTED, "nested columns cannot be read").at(0, field.field->name());
}

std::shared_ptr<arrow::io::RandomAccessFile> opened(const char *path) {
    // Arrow's own message for a missing file is less clear than ours.
    { const stoa::InputFile probe(path); }
    return stoa::check(arrow::io::ReadableFile::Open(path));
}

std::unique_ptr<parquet::arrow::FileReader> reader_of(
    std::unique_ptr<parquet::ParquetFileReader> file, const parquet::ArrowReaderProperties &properties) {
    return stoa::check(parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file), properties));
}

parquet::ArrowReaderProperties reader_properties(int64_t batch_rows) {
    parquet::ArrowReaderProperties properties(false);
    properties.set_batch_size(batch_rows);
    properties.set_pre_buffer(false);
    properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    return properties;
}

/// Whether all data pages of a column are encoded by a dictionary, so that its dictionaries are small.
bool is_dictionary_encoded(const parquet::FileMetaData &metadata, const std::vector<int> &row_groups, int leaf) {
    for (const int row_group : row_groups) {
        const auto chunk = metadata.RowGroup(row_group)->ColumnChunk(leaf);
        if (!chunk->has_dictionary_page()) return false;
        for (const auto &page : chunk->encoding_stats()) {
            const bool holds_data =
                page.page_type == parquet::PageType::DATA_PAGE || page.page_type == parquet::PageType::DATA_PAGE_V2;
            if (holds_data && page.encoding != parquet::Encoding::RLE_DICTIONARY &&
                page.encoding != parquet::Encoding::PLAIN_DICTIONARY) {
                return false;
            }
        }
    }
    return true;
}

class ParquetReader final : public stoa_reader {
public:
    ParquetReader(
        const char *path, std::vector<int> row_groups, const int32_t *projection, int32_t projection_count,
        int64_t batch_rows)
        : row_groups_(std::move(row_groups)), batch_rows_(batch_rows) {
        auto file = parquet::ParquetFileReader::Open(opened(path));
        metadata_ = file->metadata();
        for (const int row_group : row_groups_) {
            if (row_group < 0 || row_group >= metadata_->num_row_groups()) {
                throw stoa::Failure(
                    STOA_INVALID_ARGUMENT, "there is no row group " + std::to_string(row_group) + " among " +
                                               std::to_string(metadata_->num_row_groups()));
            }
        }
        auto properties = reader_properties(batch_rows);
        parquet::arrow::SchemaManifest manifest;
        stoa::check(parquet::arrow::SchemaManifest::Make(
            metadata_->schema(), metadata_->key_value_metadata(), properties, &manifest));
        const int count = static_cast<int>(manifest.schema_fields.size());
        const auto columns = stoa::checked_projection(projection, projection_count, count);

        // The file's order, each column once; then where the wanted ones are among them.
        std::vector<int> read(columns);
        std::sort(read.begin(), read.end());
        read.erase(std::unique(read.begin(), read.end()), read.end());
        std::vector<int> leaves;
        for (const int column : read) {
            leaves.push_back(leaf_of(manifest, column));
            const auto type = manifest.schema_fields[static_cast<size_t>(column)].field->type()->id();
            if ((type == arrow::Type::STRING || type == arrow::Type::LARGE_STRING) &&
                is_dictionary_encoded(*metadata_, row_groups_, leaves.back())) {
                properties.set_read_dictionary(leaves.back(), true);
            }
        }
        for (const int column : columns) {
            order_.push_back(static_cast<int>(std::lower_bound(read.begin(), read.end(), column) - read.begin()));
        }
        if (columns.empty()) return;
        reader_ = reader_of(std::move(file), properties);
        batches_ = stoa::check(reader_->GetRecordBatchReader(row_groups_, leaves));
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        if (!batches_) return next_without_columns();
        std::shared_ptr<arrow::RecordBatch> batch;
        do {
            stoa::check(batches_->ReadNext(&batch));
            if (!batch) return nullptr;
        } while (batch->num_rows() == 0);
        return stoa::projected_batch(*batch, order_);
    }

private:
    /// Only the number of rows was asked for.
    std::shared_ptr<arrow::RecordBatch> next_without_columns() {
        while (rows_left_ == 0) {
            if (next_row_group_ == row_groups_.size()) return nullptr;
            rows_left_ = metadata_->RowGroup(row_groups_[next_row_group_++])->num_rows();
        }
        const int64_t rows = std::min(rows_left_, batch_rows_);
        rows_left_ -= rows;
        return arrow::RecordBatch::Make(arrow::schema({}), rows, std::vector<std::shared_ptr<arrow::Array>>());
    }

    std::vector<int> row_groups_;
    int64_t batch_rows_;
    std::shared_ptr<parquet::FileMetaData> metadata_;
    std::vector<int> order_;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::shared_ptr<arrow::RecordBatchReader> batches_;
    size_t next_row_group_ = 0;
    int64_t rows_left_ = 0;
};

}  // namespace

/// An open file of which only the footer is read.
struct stoa_parquet {
    std::shared_ptr<parquet::FileMetaData> metadata;
    parquet::arrow::SchemaManifest manifest;

    explicit stoa_parquet(const char *path) : metadata(parquet::ParquetFileReader::Open(opened(path))->metadata()) {
        stoa::check(parquet::arrow::SchemaManifest::Make(
            metadata->schema(), metadata->key_value_metadata(), reader_properties(1), &manifest));
    }
};

stoa_status stoa_parquet_open(const char *path, stoa_parquet **file) {
    return stoa::guarded([&] { *file = new stoa_parquet(path); });
}

void stoa_parquet_close(stoa_parquet *file) { delete file; }

stoa_status stoa_parquet_schema(stoa_parquet *file, ArrowSchema *schema) {
    return stoa::guarded([&] {
        std::vector<std::shared_ptr<arrow::Field>> fields;
        for (const auto &field : file->manifest.schema_fields) fields.push_back(stoa::shown_field(*field.field));
        stoa::check(arrow::ExportSchema(*arrow::schema(std::move(fields)), schema));
    });
}

int32_t stoa_parquet_row_group_count(const stoa_parquet *file) { return file->metadata->num_row_groups(); }

int64_t stoa_parquet_row_group_rows(const stoa_parquet *file, int32_t row_group) {
    return file->metadata->RowGroup(row_group)->num_rows();
}

int64_t stoa_parquet_row_group_bytes(const stoa_parquet *file, int32_t row_group) {
    return file->metadata->RowGroup(row_group)->total_byte_size();
}

stoa_status stoa_parquet_statistics(
    stoa_parquet *file, int32_t row_group, int32_t column, stoa_statistics *statistics) {
    *statistics = stoa_statistics{};
    return stoa::guarded([&] {
        const auto chunk = file->metadata->RowGroup(row_group)->ColumnChunk(leaf_of(file->manifest, column));
        stoa::read_statistics(*chunk, *statistics);
        statistics->row_count = file->metadata->RowGroup(row_group)->num_rows();
    });
}

stoa_status stoa_parquet_read(
    const char *path, const int32_t *row_groups, int32_t row_group_count, const int32_t *projection,
    int32_t projection_count, int64_t batch_rows, stoa_reader **reader) {
    return stoa::guarded([&] {
        *reader = new ParquetReader(
            path, std::vector<int>(row_groups, row_groups + row_group_count), projection, projection_count, batch_rows);
    });
}
