// Newline-delimited JSON: one object a line, by Arrow's JSON parser.
//
// Dates and timestamps are strings in JSON; they are read as text and converted by the rules of CSV. Arrow says what is
// wrong but not always where, so after a failure the lines of the block are tried one by one.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/c/bridge.h>
#include <arrow/json/api.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>

#include "CsvEvidence.hpp"
#include "FileTypes.hpp"
#include "InputFile.hpp"
#include "Reader.hpp"
#include "TextValues.hpp"
#include "Utf8.hpp"

namespace stoa {

namespace {

using arrow::json::UnexpectedFieldBehavior;

constexpr int64_t block_size = 512 << 10;
constexpr int64_t first_sample = 256 << 10;
constexpr int64_t later_sample = 128 << 10;
constexpr int64_t later_samples = 8;

bool holds_time(const arrow::DataType &type) {
    return type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::TIMESTAMP;
}

/// The schema to give to Arrow's parser.
std::shared_ptr<arrow::Schema> parsed_schema(const std::vector<std::shared_ptr<arrow::Field>> &fields) {
    std::vector<std::shared_ptr<arrow::Field>> parsed;
    for (const auto &field : fields) {
        const auto type = holds_time(*field->type()) ? arrow::utf8() : field->type();
        parsed.push_back(field->WithNullable(true)->WithType(type));
    }
    return arrow::schema(std::move(parsed));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> parsed(
    std::string_view text, std::shared_ptr<arrow::Schema> schema, UnexpectedFieldBehavior unexpected) {
    arrow::json::ParseOptions options;
    options.explicit_schema = std::move(schema);
    options.unexpected_field_behavior = unexpected;
    return arrow::json::ParseOne(
        options, std::make_shared<arrow::Buffer>(
                     reinterpret_cast<const uint8_t *>(text.data()), static_cast<int64_t>(text.size())));
}

/// The parser's words without what we say otherwise.
std::string plain_message(const arrow::Status &status) {
    std::string message = status.message();
    const std::string prefix = "JSON parse error: ";
    if (message.compare(0, prefix.size(), prefix) == 0) message.erase(0, prefix.size());
    const size_t row = message.rfind(" in row ");
    if (row != std::string::npos) message.erase(row);
    if (!message.empty() && message.back() == '.') message.pop_back();
    return message;
}

/// The failure of a block that begins with line `first_record`.
Failure located_failure(
    std::string_view text, int64_t first_record, const std::vector<std::shared_ptr<arrow::Field>> &fields,
    const arrow::Status &status) {
    int64_t record = first_record;
    const auto schema = parsed_schema(fields);
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        const auto result = parsed(line, schema, UnexpectedFieldBehavior::Error);
        if (!result.ok()) {
            const std::string found = quoted(line.data(), line.find_last_not_of("\r\n") + 1);
            for (const auto &field : fields) {
                const auto alone = parsed(line, parsed_schema({field}), UnexpectedFieldBehavior::Ignore);
                if (alone.ok() || !parsed(line, arrow::schema({}), UnexpectedFieldBehavior::Ignore).ok()) continue;
                return Failure(
                           STOA_MALFORMED_FILE, found + " has no value of type " + type_name(*field->type()),
                           "give the column's right type in `types:`")
                    .at(record, field->name());
            }
            return Failure(
                       STOA_MALFORMED_FILE,
                       found + " is not an object of the columns: " + plain_message(result.status()),
                       "each line is one object; columns that the sample did not show are named in `types:`")
                .at(record);
        }
        text.remove_prefix(end);
        ++record;
    }
    return Failure(STOA_MALFORMED_FILE, plain_message(status)).at(first_record);
}

class JsonReader final : public stoa_reader {
public:
    explicit JsonReader(const stoa_text_request &request)
        : file_(request.path),
          fields_(imported_fields(request.columns)),
          schema_(parsed_schema(fields_)),
          projection_(
              checked_projection(request.projection, request.projection_count, static_cast<int>(fields_.size()))),
          position_(request.start),
          end_(request.end),
          record_(request.first_record) {}

    std::shared_ptr<arrow::RecordBatch> next() override {
        for (;;) {
            const std::string_view text = next_lines();
            if (text.empty()) return nullptr;
            check_utf8(text);
            // A block of empty lines is no JSON to Arrow.
            const bool is_blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
            std::shared_ptr<arrow::RecordBatch> batch;
            if (!is_blank) {
                const auto result = parsed(text, schema_, UnexpectedFieldBehavior::Error);
                if (!result.ok()) throw located_failure(text, record_, fields_, result.status());
                batch = projected(**result, text);
            }
            record_ += std::count(text.begin(), text.end(), '\n');
            if (batch && batch->num_rows() > 0) return batch;
        }
    }

private:
    /// The next whole lines, about a block of them.
    std::string_view next_lines() {
        text_.erase(0, taken_);
        taken_ = 0;
        size_t searched = 0;
        while (position_ < end_) {
            const size_t filled = text_.size();
            const int64_t count = std::min(block_size, end_ - position_);
            text_.resize(filled + static_cast<size_t>(count));
            file_.read(position_, text_.data() + filled, count);
            position_ += count;
            const size_t line = std::string_view(text_).substr(searched).rfind('\n');
            if (line != std::string_view::npos && position_ < end_) {
                taken_ = searched + line + 1;
                return std::string_view(text_).substr(0, taken_);
            }
            searched = text_.size();
        }
        taken_ = text_.size();
        return text_;
    }

    /// Fails on a line that is not UTF-8: Arrow's parser takes what comes.
    void check_utf8(std::string_view text) const {
        arrow::util::InitializeUTF8();
        if (arrow::util::ValidateUTF8(text)) return;
        for (int64_t record = record_; !text.empty(); ++record) {
            const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
            if (!arrow::util::ValidateUTF8(text.substr(0, end))) {
                const auto *bytes = reinterpret_cast<const uint8_t *>(text.data());
                throw not_utf8(bytes, static_cast<int64_t>(end - 1)).at(record);
            }
            text.remove_prefix(end);
        }
    }

    std::shared_ptr<arrow::RecordBatch> projected(const arrow::RecordBatch &batch, std::string_view text) const {
        std::vector<std::shared_ptr<arrow::Array>> arrays;
        std::vector<std::shared_ptr<arrow::Field>> fields;
        for (const int column : projection_) {
            const auto &field = fields_[static_cast<size_t>(column)];
            // Arrow may append columns; those of the schema come by name.
            const auto values = batch.GetColumnByName(field->name());
            if (!values) throw Failure(STOA_MALFORMED_FILE, "two columns have this name").at(0, field->name());
            arrays.push_back(holds_time(*field->type()) ? temporal(*values, *field, text) : values);
            fields.push_back(field);
        }
        return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), std::move(arrays));
    }

    /// Text converted to dates or timestamps.
    std::shared_ptr<arrow::Array> temporal(
        const arrow::Array &array, const arrow::Field &field, std::string_view text) const {
        const auto &strings = static_cast<const arrow::StringArray &>(array);
        const auto builder = check(arrow::MakeBuilder(field.type()));
        const bool is_date = field.type()->id() == arrow::Type::DATE32;
        const bool has_zone =
            !is_date && !static_cast<const arrow::TimestampType &>(*field.type()).timezone().empty();
        for (int64_t row = 0; row < strings.length(); ++row) {
            if (strings.IsNull(row)) {
                check(builder->AppendNull());
                continue;
            }
            const std::string_view value = strings.GetView(row);
            int32_t days;
            int64_t microseconds;
            bool has_offset;
            if (is_date && parse_date(value, days)) {
                check(static_cast<arrow::Date32Builder &>(*builder).Append(days));
            } else if (!is_date && parse_timestamp(value, microseconds, has_offset) && has_offset == has_zone) {
                check(static_cast<arrow::TimestampBuilder &>(*builder).Append(microseconds));
            } else {
                throw Failure(
                    STOA_MALFORMED_FILE,
                    quoted(value.data(), value.size()) + " is not a value of type " + type_name(*field.type()),
                    "give the column's right type in `types:`")
                    .at(record_ + line_of(row, text), field.name());
            }
        }
        return check(builder->Finish());
    }

    /// The line of the block that holds its row of that number, counted from 0. Empty lines hold none.
    static int64_t line_of(int64_t row, std::string_view text) {
        int64_t line = 0;
        for (; !text.empty(); ++line) {
            const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
            const bool is_blank = text.substr(0, end).find_first_not_of(" \t\r\n") == std::string_view::npos;
            if (!is_blank && row-- == 0) return line;
            text.remove_prefix(end);
        }
        return line;
    }

    InputFile file_;
    std::vector<std::shared_ptr<arrow::Field>> fields_;
    std::shared_ptr<arrow::Schema> schema_;
    std::vector<int> projection_;
    int64_t position_;
    int64_t end_;
    int64_t record_;
    std::string text_;
    size_t taken_ = 0;
};

/// Whole lines from across the file: the start, and blocks of which the first and last partial lines are left out.
std::string sampled_lines(const InputFile &file) {
    const int64_t size = file.size();
    std::string text;
    if (size <= first_sample + later_sample * later_samples) {
        text.resize(static_cast<size_t>(size));
        file.read(0, text.data(), size);
        return text;
    }
    std::string block;
    const int64_t rest = size - first_sample;
    for (int64_t index = 0; index <= later_samples; ++index) {
        block.resize(static_cast<size_t>(index == 0 ? first_sample : later_sample));
        const auto count = static_cast<int64_t>(block.size());
        file.read(index == 0 ? 0 : first_sample + rest / later_samples * index - count, block.data(), count);
        const size_t start = index == 0 ? 0 : block.find('\n') + 1;
        const size_t end = block.rfind('\n') + 1;
        if (end > start) text.append(block, start, end - start);
    }
    return text;
}

/// Text columns whose values are all dates or timestamps become such columns.
std::shared_ptr<arrow::Field> temporal_field(const arrow::Field &field, const arrow::StringArray &strings) {
    CsvDialect dialect;
    TypeEvidence evidence;
    std::string scratch;
    for (int64_t row = 0; row < strings.length(); ++row) {
        if (strings.IsValid(row)) evidence.add(strings.GetView(row), dialect, scratch);
    }
    switch (evidence.kind()) {
    case STOA_CSV_DATE32: return field.WithType(arrow::date32());
    case STOA_CSV_TIMESTAMP: return field.WithType(arrow::timestamp(arrow::TimeUnit::MICRO));
    case STOA_CSV_TIMESTAMP_UTC: return field.WithType(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    default: return field.WithType(arrow::utf8());
    }
}

/// The failure of a sample in which Arrow finds no one schema: the first line that does not go with those before it.
Failure sample_failure(const std::string &text, bool is_whole_file) {
    std::vector<size_t> ends;
    for (size_t end = 0; end < text.size();) {
        end = std::min(text.find('\n', end), text.size() - 1) + 1;
        ends.push_back(end);
    }
    // The smallest number of lines that fails: a prefix of a failing prefix may pass, an extension never does.
    size_t passing = 0;
    size_t failing = ends.size();
    while (failing - passing > 1) {
        const size_t middle = passing + (failing - passing) / 2;
        const std::string_view prefix(text.data(), ends[middle - 1]);
        const bool is_blank = prefix.find_first_not_of(" \t\r\n") == std::string_view::npos;
        if (is_blank || parsed(prefix, nullptr, UnexpectedFieldBehavior::InferType).ok()) {
            passing = middle;
        } else {
            failing = middle;
        }
    }
    const size_t begin = failing == 1 ? 0 : ends[failing - 2];
    const std::string_view line(text.data() + begin, ends[failing - 1] - begin);
    const auto status = parsed(std::string_view(text.data(), ends[failing - 1]), nullptr, UnexpectedFieldBehavior::InferType);
    Failure failure(
        STOA_MALFORMED_FILE,
        quoted(line.data(), line.find_last_not_of("\r\n") + 1) +
            " does not go with the lines before it: " + plain_message(status.status()),
        "each line is one JSON object, and a column holds values of one kind");
    return is_whole_file ? std::move(failure).at(static_cast<int64_t>(failing)) : failure;
}

std::shared_ptr<arrow::Schema> inspected(const char *path, int64_t &sampled_rows) {
    const InputFile file(path);
    const std::string text = sampled_lines(file);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        throw Failure(STOA_MALFORMED_FILE, "the file holds no objects", "each line is one JSON object");
    }
    auto result = parsed(text, nullptr, UnexpectedFieldBehavior::InferType);
    if (!result.ok()) throw sample_failure(text, static_cast<int64_t>(text.size()) == file.size());
    sampled_rows = (*result)->num_rows();
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const auto &field : (*result)->schema()->fields()) {
        const bool is_text = field->type()->id() == arrow::Type::TIMESTAMP || field->type()->id() == arrow::Type::NA ||
                             field->type()->id() == arrow::Type::STRING;
        fields.push_back(is_text ? field->WithType(arrow::utf8()) : shown_field(*field));
    }
    const auto batch = check(parsed(text, arrow::schema(fields), UnexpectedFieldBehavior::Ignore));
    for (auto &field : fields) {
        if (field->type()->id() != arrow::Type::STRING) continue;
        field = temporal_field(*field, static_cast<const arrow::StringArray &>(*batch->GetColumnByName(field->name())));
    }
    return arrow::schema(std::move(fields));
}

}  // namespace

}  // namespace stoa

stoa_status stoa_json_inspect(const char *path, ArrowSchema *schema, int64_t *sampled_rows) {
    return stoa::guarded([&] { stoa::check(arrow::ExportSchema(*stoa::inspected(path, *sampled_rows), schema)); });
}

stoa_status stoa_json_read(const stoa_text_request *request, stoa_reader **reader) {
    return stoa::guarded([&] { *reader = new stoa::JsonReader(*request); });
}
