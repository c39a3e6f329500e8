#include "CsvDialect.hpp"

#include "Failure.hpp"

namespace stoa {

CsvDialect::CsvDialect(const stoa_csv_dialect &dialect)
    : delimiter(dialect.delimiter), quote(dialect.quote), has_header(dialect.has_header) {
    const auto is_usable = [](char byte) {
        return byte != '\n' && byte != '\r' && byte != '\0' && static_cast<unsigned char>(byte) < 0x80;
    };
    if (!is_usable(delimiter) || !is_usable(quote) || delimiter == quote) {
        throw Failure(
            STOA_INVALID_ARGUMENT, "delimiter and quote must be two different ASCII characters other than line ends");
    }
    for (int32_t index = 0; index < dialect.null_string_count; ++index) {
        null_strings_.emplace_back(dialect.null_strings[index]);
        const size_t size = null_strings_.back().size();
        null_sizes_ |= 1ULL << (size < 63 ? size : 63);
        if (size > 0) null_starts_[static_cast<unsigned char>(null_strings_.back().front())] = true;
    }
}

bool unquote(RawField field, const CsvDialect &dialect, std::string &scratch, std::string_view &text) {
    if (field.size() < 2 || field.back() != dialect.quote) return false;
    const std::string_view inner = field.substr(1, field.size() - 2);
    size_t at = inner.find(dialect.quote);
    if (at == std::string_view::npos) {
        text = inner;
        return true;
    }
    scratch.clear();
    size_t from = 0;
    while (at != std::string_view::npos) {
        if (at + 1 >= inner.size() || inner[at + 1] != dialect.quote) return false;
        scratch.append(inner, from, at + 1 - from);
        from = at + 2;
        at = inner.find(dialect.quote, from);
    }
    scratch.append(inner, from);
    const size_t size = scratch.size();
    scratch.append(8, '\0');
    text = std::string_view(scratch).substr(0, size);
    return true;
}

}  // namespace stoa
