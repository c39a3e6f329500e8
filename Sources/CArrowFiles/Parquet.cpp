// Parquet files: schema, statistics, batches of chosen row groups.

#include <arrow/c/bridge.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>

#include "FileTypes.hpp"
#include "ParquetColumns.hpp"
#include "ParquetFooters.hpp"
#include "ParquetStatistics.hpp"
#include "Reader.hpp"
#include "Utf8.hpp"

namespace {

/// Index of the Parquet column that holds a field. Fields of several columns are no types Stoa can hold.
int leaf_of(const parquet::arrow::SchemaManifest &manifest, int column) {
    const auto &field = manifest.schema_fields[static_cast<size_t>(column)];
    if (field.is_leaf()) return field.column_index;
    stoa::shown_field(*field.field);
    throw stoa::Failure(STOA_UNSUPPORTED, "nested columns cannot be read").at(0, field.field->name());
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

/// Column chunks are read in pieces that stay in the cache until they are decoded, a few megabytes for all columns.
parquet::ReaderProperties file_properties(int column_count) {
    parquet::ReaderProperties properties;
    properties.enable_buffered_stream();
    properties.set_buffer_size(std::clamp<int64_t>((8 << 20) / std::max(1, column_count), 64 << 10, 1 << 20));
    return properties;
}

/// Whether all data pages of a column are encoded by a dictionary, so that its dictionaries are small. A file that does not
/// say how many pages have which encoding may have changed it after the first.
bool is_dictionary_encoded(const parquet::FileMetaData &metadata, int row_group, int leaf) {
    const auto chunk = metadata.RowGroup(row_group)->ColumnChunk(leaf);
    if (!chunk->has_dictionary_page() || chunk->encoding_stats().empty()) return false;
    for (const auto &page : chunk->encoding_stats()) {
        const bool holds_data =
            page.page_type == parquet::PageType::DATA_PAGE || page.page_type == parquet::PageType::DATA_PAGE_V2;
        if (holds_data && page.encoding != parquet::Encoding::RLE_DICTIONARY &&
            page.encoding != parquet::Encoding::PLAIN_DICTIONARY) {
            return false;
        }
    }
    return true;
}

/// What of a file is read.
struct Selection {
    std::vector<int> row_groups;
    /// The fields, in the order in which they are handed over.
    std::vector<int> columns;
    int64_t batch_rows;
};

/// An opened file and the fields it has.
struct OpenFile {
    std::unique_ptr<parquet::ParquetFileReader> reader;
    std::shared_ptr<parquet::FileMetaData> metadata;
    parquet::arrow::SchemaManifest manifest;

    OpenFile(const char *path, const parquet::ReaderProperties &properties)
        : reader(stoa::opened_parquet(path, properties)), metadata(reader->metadata()) {
        stoa::check(parquet::arrow::SchemaManifest::Make(
            metadata->schema(), metadata->key_value_metadata(), reader_properties(1), &manifest));
    }

    const arrow::Field &field(int column) const {
        return *manifest.schema_fields[static_cast<size_t>(column)].field;
    }
};

/// Reads columns that can be decoded in place, row group by row group.
class FlatReader final : public stoa_reader {
public:
    FlatReader(OpenFile file, Selection selection) : file_(std::move(file)), selection_(std::move(selection)) {
        for (const int column : selection_.columns) leaves_.push_back(leaf_of(file_.manifest, column));
        pending_.resize(leaves_.size());
    }

    /// Whether all columns can be read so, and row groups are not so small that each would make a batch of its own.
    static bool reads(const OpenFile &file, const Selection &selection) {
        constexpr int64_t fewest_rows = 4'096;
        int64_t rows = 0;
        for (const int row_group : selection.row_groups) rows += file.metadata->RowGroup(row_group)->num_rows();
        if (rows < fewest_rows * static_cast<int64_t>(selection.row_groups.size())) return false;
        return std::all_of(selection.columns.begin(), selection.columns.end(), [&](int column) {
            const int leaf = leaf_of(file.manifest, column);
            return stoa::is_flat(*file.metadata->schema()->Column(leaf), *file.field(column).type());
        });
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        while (rows_left_ == 0) {
            if (next_row_group_ == selection_.row_groups.size()) return nullptr;
            open(selection_.row_groups[next_row_group_++]);
        }
        int64_t rows = std::min(rows_left_, selection_.batch_rows);
        for (size_t index = 0; index < columns_.size(); ++index) {
            auto &array = pending_[index];
            if (!array) array = read(index, rows);
            rows = std::min(rows, array->length());
        }
        std::vector<std::shared_ptr<arrow::Field>> fields;
        std::vector<std::shared_ptr<arrow::Array>> arrays;
        for (size_t index = 0; index < columns_.size(); ++index) {
            auto &array = pending_[index];
            const auto &field = file_.field(selection_.columns[index]);
            fields.push_back(field.WithType(array->type())->RemoveMetadata());
            arrays.push_back(array->length() == rows ? array : array->Slice(0, rows));
            array = array->length() == rows ? nullptr : array->Slice(rows);
        }
        rows_left_ -= rows;
        return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
    }

private:
    void open(int row_group) {
        columns_.clear();
        rows_read_.assign(leaves_.size(), 0);
        row_group_ = file_.reader->RowGroup(row_group);
        for (size_t index = 0; index < leaves_.size(); ++index) {
            const auto &type = file_.field(selection_.columns[index]).type();
            const bool is_bytes =
                file_.metadata->schema()->Column(leaves_[index])->physical_type() == parquet::Type::BYTE_ARRAY;
            columns_.push_back(stoa::parquet_column(
                *row_group_, leaves_[index], type,
                is_bytes && is_dictionary_encoded(*file_.metadata, row_group, leaves_[index])));
        }
        rows_left_ = file_.metadata->RowGroup(row_group)->num_rows();
    }

    std::shared_ptr<arrow::Array> read(size_t index, int64_t rows) {
        try {
            auto array = columns_[index]->read(rows);
            rows_read_[index] += array->length();
            return array;
        } catch (stoa::Failure &failure) {
            failure.column = file_.field(selection_.columns[index]).name();
            if (failure.row > 0) {
                failure.row += rows_read_[index] + rows_before(selection_.row_groups[next_row_group_ - 1]);
            }
            throw;
        }
    }

    int64_t rows_before(int row_group) const {
        int64_t rows = 0;
        for (int before = 0; before < row_group; ++before) rows += file_.metadata->RowGroup(before)->num_rows();
        return rows;
    }

    OpenFile file_;
    Selection selection_;
    std::vector<int> leaves_;
    std::shared_ptr<parquet::RowGroupReader> row_group_;
    std::vector<std::unique_ptr<stoa::ParquetColumn>> columns_;
    /// Rows that were read of each column of the row group.
    std::vector<int64_t> rows_read_;
    /// What was read of a column beyond the last batch, because another one had more text.
    std::vector<std::shared_ptr<arrow::Array>> pending_;
    size_t next_row_group_ = 0;
    int64_t rows_left_ = 0;
};

/// Reads columns of any type, by Arrow's own reader; only counts rows when no column is asked for.
class AnyReader final : public stoa_reader {
public:
    AnyReader(OpenFile file, Selection selection)
        : row_groups_(selection.row_groups), batch_rows_(selection.batch_rows), metadata_(file.metadata) {
        auto properties = reader_properties(batch_rows_);
        // The file's order, each column once; then where the wanted ones are among them.
        std::vector<int> read(selection.columns);
        std::sort(read.begin(), read.end());
        read.erase(std::unique(read.begin(), read.end()), read.end());
        std::vector<int> leaves;
        for (const int column : read) {
            leaves.push_back(leaf_of(file.manifest, column));
            const auto type = file.field(column).type()->id();
            const bool is_encoded = std::all_of(row_groups_.begin(), row_groups_.end(), [&](int row_group) {
                return is_dictionary_encoded(*metadata_, row_group, leaves.back());
            });
            if ((type == arrow::Type::STRING || type == arrow::Type::LARGE_STRING) && is_encoded) {
                properties.set_read_dictionary(leaves.back(), true);
            }
        }
        for (const int column : selection.columns) {
            order_.push_back(static_cast<int>(std::lower_bound(read.begin(), read.end(), column) - read.begin()));
        }
        if (selection.columns.empty()) return;
        reader_ = reader_of(std::move(file.reader), properties);
        batches_ = stoa::check(reader_->GetRecordBatchReader(row_groups_, leaves));
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        if (!batches_) return next_without_columns();
        std::shared_ptr<arrow::RecordBatch> batch;
        do {
            stoa::check(batches_->ReadNext(&batch));
            if (!batch) return nullptr;
        } while (batch->num_rows() == 0);
        for (int column = 0; column < batch->num_columns(); ++column) {
            try {
                stoa::check_utf8(*batch->column(column));
            } catch (stoa::Failure &failure) {
                failure.column = batch->column_name(column);
                throw;
            }
        }
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

    explicit stoa_parquet(const char *path)
        : metadata(stoa::opened_parquet(path, parquet::default_reader_properties())->metadata()) {
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
        const parquet::ReaderProperties properties = file_properties(projection_count);
        OpenFile file(path, properties);
        Selection selection{
            std::vector<int>(row_groups, row_groups + row_group_count),
            stoa::checked_projection(
                projection, projection_count, static_cast<int>(file.manifest.schema_fields.size())),
            batch_rows};
        for (const int row_group : selection.row_groups) {
            if (row_group < 0 || row_group >= file.metadata->num_row_groups()) {
                throw stoa::Failure(
                    STOA_INVALID_ARGUMENT, "there is no row group " + std::to_string(row_group) + " among " +
                                               std::to_string(file.metadata->num_row_groups()));
            }
        }
        if (!selection.columns.empty() && FlatReader::reads(file, selection)) {
            *reader = new FlatReader(std::move(file), std::move(selection));
        } else {
            *reader = new AnyReader(std::move(file), std::move(selection));
        }
    });
}
