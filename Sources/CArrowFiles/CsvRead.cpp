// Record batches of a byte range of a CSV file.
//
// The records are taken apart by our own scan rather than by Arrow's CSV reader: a bad value then names its record,
// column and text, all batches of a range share one growing dictionary a column, and the scan runs at several times the
// speed.

#include <algorithm>
#include <optional>

#include "CsvColumns.hpp"
#include "Reader.hpp"

namespace stoa {

namespace {

class CsvReader final : public stoa_reader {
public:
    CsvReader(const stoa_text_request &request, const stoa_csv_dialect &dialect)
        : file_(request.path),
          dialect_(dialect),
          fields_(imported_fields(request.columns)),
          blocks_(file_, dialect_, request.start, request.end, fields_.size(), request.first_record),
          batch_rows_(request.batch_rows) {
        const auto projection =
            checked_projection(request.projection, request.projection_count, static_cast<int>(fields_.size()));
        for (const int column : projection) {
            columns_.push_back(make_column_builder(*fields_[column], static_cast<size_t>(column), dialect_));
            projected_.push_back(fields_[column]);
        }
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        int64_t rows = 0;
        while (rows < batch_rows_ && text_bytes() < most_text_bytes) {
            if (taken_ == block_.row_count()) {
                taken_ = 0;
                block_.bases.clear();
                if (!blocks_.next(block_)) break;
            }
            if (rows == 0) {
                for (auto &column : columns_) column->begin(batch_rows_);
            }
            const size_t end = std::min(block_.row_count(), taken_ + static_cast<size_t>(batch_rows_ - rows));
            append(end);
            rows += static_cast<int64_t>(end - taken_);
            taken_ = end;
        }
        if (rows == 0) return nullptr;
        std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
        std::vector<std::shared_ptr<arrow::Field>> fields;
        for (size_t index = 0; index < columns_.size(); ++index) {
            arrays.push_back(columns_[index]->finish());
            fields.push_back(projected_[index]->WithType(arrays.back()->type));
        }
        return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
    }

private:
    /// A batch ends early when a column's text comes near the limit of 32-bit offsets.
    static constexpr int64_t most_text_bytes = int64_t{1} << 30;

    /// Adds the block's rows up to `end` to all columns. Of several bad values the one in the first record is reported.
    void append(size_t end) {
        std::optional<Failure> first;
        for (auto &column : columns_) {
            try {
                column->append(block_, taken_, end);
            } catch (const Failure &failure) {
                if (!first || failure.row < first->row) first = failure;
            }
        }
        if (first) throw *first;
    }

    int64_t text_bytes() const {
        int64_t most = 0;
        for (const auto &column : columns_) most = std::max(most, column->text_bytes());
        return most;
    }

    InputFile file_;
    CsvDialect dialect_;
    std::vector<std::shared_ptr<arrow::Field>> fields_;
    RecordBlocks blocks_;
    int64_t batch_rows_;
    std::vector<std::unique_ptr<ColumnBuilder>> columns_;
    std::vector<std::shared_ptr<arrow::Field>> projected_;
    RecordBlock block_;
    size_t taken_ = 0;
};

}  // namespace

}  // namespace stoa

stoa_status stoa_csv_read(const stoa_text_request *request, const stoa_csv_dialect *dialect, stoa_reader **reader) {
    return stoa::guarded([&] { *reader = new stoa::CsvReader(*request, *dialect); });
}
