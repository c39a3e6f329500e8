// Text columns of CSV files.

#include <arrow/util/utf8.h>

#include <cstring>

#include "CsvColumns.hpp"

namespace stoa {

namespace {

/// The distinct strings of one column, in order of appearance, and a hash table over them.
class TextDictionary {
public:
    static constexpr int32_t most_strings = 32768;
    static constexpr size_t most_bytes = size_t{4} << 20;

    TextDictionary() : slots_(256) {}

    /// The string's code; it is added when it is new. Eight bytes after the string must be readable.
    int32_t code(const char *text, size_t size) {
        const uint64_t start = first_bytes(text, size);
        const uint64_t hash = hashed(text, size, start);
        size_t slot = hash & (slots_.size() - 1);
        while (slots_[slot].code >= 0) {
            const Slot &entry = slots_[slot];
            if (entry.start == start && entry.size == size && (size <= 8 || equals(entry.code, text, size))) {
                return entry.code;
            }
            slot = (slot + 1) & (slots_.size() - 1);
        }
        const int32_t code = count();
        slots_[slot] = {start, static_cast<uint32_t>(size), code};
        bytes_.append(text, size);
        offsets_.push_back(static_cast<int32_t>(bytes_.size()));
        if (offsets_.size() * 2 > slots_.size()) grow();
        return code;
    }

    int32_t count() const { return static_cast<int32_t>(offsets_.size() - 1); }
    size_t byte_count() const { return bytes_.size(); }

    std::string_view string(int32_t code) const {
        return std::string_view(bytes_).substr(
            static_cast<size_t>(offsets_[code]), static_cast<size_t>(offsets_[code + 1] - offsets_[code]));
    }

    /// The strings as an Arrow array, the same one as long as no string was added.
    std::shared_ptr<arrow::ArrayData> array() {
        if (array_ && array_->length == count()) return array_;
        const auto bytes_of = [](const void *data, size_t size) {
            auto buffer = check(arrow::AllocateBuffer(static_cast<int64_t>(size)));
            if (size > 0) std::memcpy(buffer->mutable_data(), data, size);
            return std::shared_ptr<arrow::Buffer>(std::move(buffer));
        };
        array_ = arrow::ArrayData::Make(
            arrow::utf8(), count(),
            {nullptr, bytes_of(offsets_.data(), offsets_.size() * 4), bytes_of(bytes_.data(), bytes_.size())}, 0);
        return array_;
    }

private:
    struct Slot {
        // The first bytes, all of a short string; `size` of the string; its code, -1 in an empty slot.
        uint64_t start = 0;
        uint32_t size = 0;
        int32_t code = -1;
    };

    /// Up to eight bytes as a number, the rest zero.
    static uint64_t first_bytes(const char *text, size_t size) {
        uint64_t word;
        std::memcpy(&word, text, 8);
        return size >= 8 ? word : word & ((uint64_t{1} << (8 * size)) - 1);
    }

    static uint64_t mixed(uint64_t hash, uint64_t word) {
        const auto product = static_cast<unsigned __int128>(hash ^ word) * 0x9E3779B97F4A7C15ULL;
        return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    }

    static uint64_t hashed(const char *text, size_t size, uint64_t start) {
        uint64_t hash = mixed(size, start);
        for (size_t offset = 8; offset < size; offset += 8) {
            hash = mixed(hash, first_bytes(text + offset, size - offset));
        }
        return hash;
    }

    bool equals(int32_t code, const char *text, size_t size) const {
        return std::memcmp(string(code).data(), text, size) == 0;
    }

    void grow() {
        // The bytes of a string at the very end may be followed by none.
        bytes_.reserve(bytes_.size() + 8);
        slots_.assign(slots_.size() * 4, Slot());
        for (int32_t code = 0; code < count(); ++code) {
            const std::string_view known = string(code);
            const uint64_t start = first_bytes(known.data(), known.size());
            size_t slot = hashed(known.data(), known.size(), start) & (slots_.size() - 1);
            while (slots_[slot].code >= 0) slot = (slot + 1) & (slots_.size() - 1);
            slots_[slot] = {start, static_cast<uint32_t>(known.size()), code};
        }
    }

    std::vector<Slot> slots_;
    std::vector<int32_t> offsets_{0};
    std::string bytes_;
    std::shared_ptr<arrow::ArrayData> array_;
};

class TextBuilder final : public ColumnBuilder {
public:
    /// Values after which a dictionary must have repeated each of its strings once on average.
    static constexpr int64_t trial_values = 4096;

    TextBuilder(const arrow::Field &field, size_t column, const CsvDialect &dialect)
        : ColumnBuilder(field.name(), field.type(), column, dialect),
          encoded_type_(arrow::dictionary(arrow::int32(), arrow::utf8())) {
        arrow::util::InitializeUTF8();
    }

    void begin(int64_t batch_rows) override {
        batch_rows_ = batch_rows;
        // Codes, or the ends of the strings after the first start.
        words_.reserve((batch_rows + 1) * 4);
        words()[0] = 0;
        bytes_used_ = 0;
        if (!is_encoding_) bytes_.reserve(batch_rows * 8);
    }

    void append(const RecordBlock &block, size_t from, size_t to) override {
        const RecordBlock::ColumnView fields(block, column_);
        for (size_t row = from; row < to; ++row, ++rows_) {
            RawField text = fields[row];
            if (is_quoted(text, dialect_)) {
                const RawField field = text;
                if (!unquote(field, dialect_, scratch_, text)) {
                    throw bad_value(block, row, "has text after the closing quote");
                }
            } else if (dialect_.is_null(text.data(), text.size())) {
                append_null();
                continue;
            }
            if (!block.is_ascii &&
                !arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t *>(text.data()),
                                           static_cast<int64_t>(text.size()))) {
                throw Failure(STOA_MALFORMED_FILE, "the text is not UTF-8", "convert the file to UTF-8")
                    .at(block.record(row), name_);
            }
            append_text(text);
        }
    }

    int64_t text_bytes() const override { return bytes_used_; }

    std::shared_ptr<arrow::ArrayData> finish() override {
        const int64_t rows = rows_;
        const int64_t nulls = nulls_.null_count();
        rows_ = 0;
        auto validity = nulls_.finish(rows);
        if (is_encoding_) {
            auto data = arrow::ArrayData::Make(
                encoded_type_, rows, {std::move(validity), words_.finish(rows * 4)}, nulls);
            data->dictionary = dictionary_.array();
            return data;
        }
        return arrow::ArrayData::Make(
            arrow::utf8(), rows, {std::move(validity), words_.finish((rows + 1) * 4), bytes_.finish(bytes_used_)},
            nulls);
    }

private:
    int32_t *words() { return reinterpret_cast<int32_t *>(words_.data()); }

    void append_null() {
        nulls_.set_null(rows_, batch_rows_);
        if (is_encoding_) words()[rows_] = 0;
        else words()[rows_ + 1] = static_cast<int32_t>(bytes_used_);
        // A code must stand for a string even where it is not looked at.
        if (is_encoding_ && dictionary_.count() == 0) dictionary_.code("\0\0\0\0\0\0\0", 0);
    }

    void append_text(std::string_view text) {
        if (is_encoding_) {
            words()[rows_] = dictionary_.code(text.data(), text.size());
            ++values_;
            const bool is_too_varied = values_ >= trial_values && dictionary_.count() > values_ / 2;
            if (is_too_varied || dictionary_.count() > TextDictionary::most_strings ||
                dictionary_.byte_count() > TextDictionary::most_bytes) {
                stop_encoding();
            }
            return;
        }
        append_plain(text);
        words()[rows_ + 1] = static_cast<int32_t>(bytes_used_);
    }

    void append_plain(std::string_view text) {
        const int64_t needed = bytes_used_ + static_cast<int64_t>(text.size());
        if (needed > INT32_MAX) {
            throw Failure(STOA_UNSUPPORTED, "more than 2 GiB of text in one batch of a column").at(0, name_);
        }
        if (needed > bytes_.capacity()) bytes_.reserve(needed);
        std::memcpy(bytes_.data() + bytes_used_, text.data(), text.size());
        bytes_used_ = needed;
    }

    /// Turns the codes of this batch, the row at hand included, into plain text, and encodes no more.
    void stop_encoding() {
        is_encoding_ = false;
        const int64_t count = rows_ + 1;
        bytes_.reserve(batch_rows_ * 8);
        bytes_used_ = 0;
        int32_t *words = this->words();
        int32_t code = words[0];
        words[0] = 0;
        for (int64_t row = 0; row < count; ++row) {
            const int32_t next = row + 1 < count ? words[row + 1] : 0;
            if (!nulls_.is_null(row)) append_plain(dictionary_.string(code));
            words[row + 1] = static_cast<int32_t>(bytes_used_);
            code = next;
        }
        dictionary_ = TextDictionary();
    }

    std::shared_ptr<arrow::DataType> encoded_type_;
    TextDictionary dictionary_;
    bool is_encoding_ = true;
    // Values other than null since the start, while encoding.
    int64_t values_ = 0;
    int64_t batch_rows_ = 0;
    int64_t rows_ = 0;
    int64_t bytes_used_ = 0;
    GrowingBuffer words_;
    GrowingBuffer bytes_;
    NullTracker nulls_;
};

}  // namespace

std::unique_ptr<ColumnBuilder> make_text_builder(const arrow::Field &field, size_t column, const CsvDialect &dialect) {
    return std::make_unique<TextBuilder>(field, column, dialect);
}

}  // namespace stoa
