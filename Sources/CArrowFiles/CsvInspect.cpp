// Column names and types of a CSV file, from its header and from blocks sampled across it.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "CsvBlocks.hpp"
#include "CsvEvidence.hpp"
#include "Failure.hpp"

namespace stoa {

namespace {

constexpr int64_t first_sample = 256 << 10;
constexpr int64_t later_sample = 128 << 10;
constexpr int64_t later_samples = 8;
constexpr size_t slack = 64;

/// Text of a file with the places of its fields.
struct IndexedText {
    std::vector<char> text;
    size_t size = 0;
    std::vector<uint32_t> ends;
    std::vector<uint32_t> lines;

    void read(const InputFile &file, int64_t offset, int64_t count) {
        text.assign(static_cast<size_t>(count) + 1 + slack, 0);
        file.read(offset, text.data(), count);
        size = static_cast<size_t>(count);
        // The last record of a file may have no line end.
        if (offset + count == file.size() && size > 0 && text[size - 1] != '\n') text[size++] = '\n';
    }

    void index(const CsvDialect &dialect, FieldState state) {
        bool is_ascii;
        index_fields(text.data(), size, dialect, ends, lines, state, is_ascii);
    }

    size_t begin(size_t line) const { return line == 0 ? 0 : ends[lines[line - 1]] + size_t{1}; }
    /// Entry of `ends` of the line's first field.
    size_t base(size_t line) const { return line == 0 ? 1 : lines[line - 1] + size_t{1}; }
    size_t field_count(size_t line) const { return lines[line] - base(line) + 1; }

    RawField field(size_t line, size_t index) const {
        const size_t entry = base(line) + index;
        const size_t from = index == 0 ? begin(line) : ends[entry - 1] + size_t{1};
        size_t to = ends[entry];
        if (entry == lines[line] && to > from && text[to - 1] == '\r') --to;
        return {text.data() + from, to - from};
    }

    bool is_empty(size_t line) const { return field_count(line) == 1 && field(line, 0).empty(); }
};

class Inspection {
public:
    Inspection(const char *path, const CsvDialect &dialect) : file_(path), dialect_(dialect) {}

    void run() {
        find_columns();
        sample();
    }

    stoa_csv_summary *summary() const;

private:
    void find_columns();
    void take_names(const IndexedText &head, size_t line);
    void sample();
    bool is_consistent(const IndexedText &block, size_t first_line) const;
    void take_rows(const IndexedText &block, size_t first_line);

    InputFile file_;
    CsvDialect dialect_;
    std::vector<std::string> names_;
    std::vector<TypeEvidence> evidence_;
    int64_t data_start_ = 0;
    int64_t first_record_ = 1;
    int64_t sampled_rows_ = 0;
    bool sampled_all_ = false;
    std::string scratch_;
};

void Inspection::find_columns() {
    char mark[3] = {0, 0, 0};
    file_.read(0, mark, std::min<int64_t>(3, file_.size()));
    if (std::memcmp(mark, "\xFF\xFE", 2) == 0 || std::memcmp(mark, "\xFE\xFF", 2) == 0) {
        throw Failure(STOA_MALFORMED_FILE, "the file is UTF-16", "convert the file to UTF-8");
    }
    const int64_t start = std::memcmp(mark, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    IndexedText head;
    for (int64_t size = first_sample;; size *= 4) {
        const int64_t count = std::min(size, file_.size() - start);
        head.read(file_, start, count);
        head.index(dialect_, FieldState::start);
        size_t line = 0;
        while (line < head.lines.size() && head.is_empty(line)) ++line;
        if (line < head.lines.size()) {
            take_names(head, line);
            const size_t next = dialect_.has_header ? line + 1 : line;
            data_start_ = start + static_cast<int64_t>(std::min<size_t>(head.begin(next), static_cast<size_t>(count)));
            first_record_ = 1 + static_cast<int64_t>(next);
            return;
        }
        if (start + count == file_.size()) break;
    }
    if (file_.size() > start && !head.lines.empty()) {
        throw Failure(STOA_MALFORMED_FILE, "the file has only empty lines", "the first record names the columns");
    }
    if (file_.size() > start) throw Failure(STOA_MALFORMED_FILE, "the file ends inside quotes").at(1);
    throw Failure(
        STOA_MALFORMED_FILE, "the file is empty",
        dialect_.has_header ? "the first record names the columns" : "without a record the columns are not known");
}

void Inspection::take_names(const IndexedText &head, size_t line) {
    for (size_t index = 0; index < head.field_count(line); ++index) {
        const RawField field = head.field(line, index);
        std::string_view name;
        if (dialect_.has_header) {
            name = field;
            if (is_quoted(field, dialect_)) {
                if (!unquote(field, dialect_, scratch_, name)) {
                    throw Failure(
                        STOA_MALFORMED_FILE, quoted(field.data(), field.size()) + " has text after the closing quote")
                        .at(static_cast<int64_t>(line) + 1);
                }
            } else if (field.find('\r') != std::string_view::npos) {
                throw Failure(STOA_MALFORMED_FILE, "lines end in a lone CR", "end them in LF or CRLF").at(1);
            }
        }
        names_.push_back(name.empty() ? "column_" + std::to_string(index) : std::string(name));
    }
    evidence_.resize(names_.size());
}

void Inspection::sample() {
    const int64_t size = file_.size() - data_start_;
    IndexedText block;
    sampled_all_ = size <= first_sample + later_sample * later_samples;
    block.read(file_, data_start_, sampled_all_ ? size : first_sample);
    block.index(dialect_, FieldState::start);
    take_rows(block, 0);
    if (sampled_all_) return;
    const int64_t rest = size - first_sample;
    for (int64_t index = 1; index <= later_samples; ++index) {
        block.read(
            file_, data_start_ + first_sample + rest / later_samples * index - later_sample, later_sample);
        // The block begins somewhere in a record, perhaps inside quotes; the guess is right when all its records have
        // as many fields as the header. With one column nothing can be checked: then only blocks without quotes count.
        const bool has_quotes = std::memchr(block.text.data(), dialect_.quote, block.size) != nullptr;
        block.index(dialect_, FieldState::plain);
        if (names_.size() > 1 ? is_consistent(block, 1) : !has_quotes) {
            take_rows(block, 1);
        } else if (names_.size() > 1) {
            block.index(dialect_, FieldState::quoted);
            if (is_consistent(block, 1)) take_rows(block, 1);
        }
    }
}

bool Inspection::is_consistent(const IndexedText &block, size_t first_line) const {
    for (size_t line = first_line; line < block.lines.size(); ++line) {
        if (block.field_count(line) != names_.size() && !block.is_empty(line)) return false;
    }
    return block.lines.size() > first_line;
}

void Inspection::take_rows(const IndexedText &block, size_t first_line) {
    // Records with too many or too few fields are left for the reader to complain about.
    for (size_t line = first_line; line < block.lines.size(); ++line) {
        if (block.field_count(line) != names_.size()) continue;
        ++sampled_rows_;
        for (size_t index = 0; index < names_.size(); ++index) {
            evidence_[index].add(block.field(line, index), dialect_, scratch_);
        }
    }
}

template <typename Value>
Value *allocated(size_t count) {
    auto *memory = static_cast<Value *>(std::calloc(std::max<size_t>(1, count), sizeof(Value)));
    if (!memory) throw std::bad_alloc();
    return memory;
}

stoa_csv_summary *Inspection::summary() const {
    auto *summary = allocated<stoa_csv_summary>(1);
    try {
        summary->columns = allocated<stoa_csv_column>(names_.size());
        for (size_t index = 0; index < names_.size(); ++index) {
            auto &column = summary->columns[summary->column_count++];
            column.name = allocated<char>(names_[index].size() + 1);
            std::memcpy(column.name, names_[index].data(), names_[index].size());
            column.kind = evidence_[index].kind();
            column.sampled_values = evidence_[index].values();
        }
    } catch (...) {
        stoa_csv_summary_free(summary);
        throw;
    }
    summary->data_start = data_start_;
    summary->first_record = first_record_;
    summary->sampled_rows = sampled_rows_;
    summary->sampled_all = sampled_all_;
    return summary;
}

}  // namespace

}  // namespace stoa

stoa_status stoa_csv_inspect(const char *path, const stoa_csv_dialect *dialect, stoa_csv_summary **summary) {
    return stoa::guarded([&] {
        stoa::Inspection inspection(path, stoa::CsvDialect(*dialect));
        inspection.run();
        *summary = inspection.summary();
    });
}

void stoa_csv_summary_free(stoa_csv_summary *summary) {
    for (int32_t index = 0; index < summary->column_count; ++index) std::free(summary->columns[index].name);
    std::free(summary->columns);
    std::free(summary);
}
