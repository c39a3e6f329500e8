// How a CSV file is spelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "CArrowFiles.h"

namespace stoa {

struct CsvDialect {
    char delimiter = ',';
    char quote = '"';
    bool has_header = true;

    CsvDialect() = default;
    /// A checked copy.
    explicit CsvDialect(const stoa_csv_dialect &dialect);

    /// Whether an unquoted field of this text means null.
    bool is_null(const char *text, size_t size) const {
        if (!(null_sizes_ >> (size < 63 ? size : 63) & 1)) return false;
        if (size > 0 && !null_starts_[static_cast<unsigned char>(*text)]) return false;
        const std::string_view view(text, size);
        for (const auto &null : null_strings_) {
            if (view == null) return true;
        }
        return false;
    }

    const std::vector<std::string> &null_strings() const { return null_strings_; }

private:
    std::vector<std::string> null_strings_;
    // Bit n: some null string has n bytes (bit 63: 63 or more).
    uint64_t null_sizes_ = 0;
    // Whether some null string begins with the byte.
    bool null_starts_[256] = {};
};

/// A field as it stands in the file, without the CR of a CRLF.
using RawField = std::string_view;

/// Whether the field begins with the quote character.
inline bool is_quoted(RawField field, const CsvDialect &dialect) {
    return !field.empty() && field.front() == dialect.quote;
}

/// The text of a field without its quotes; `scratch` holds it when a doubled quote had to be undone. Eight bytes after
/// the text can be read if they can after the field. False when text follows the closing quote.
bool unquote(RawField field, const CsvDialect &dialect, std::string &scratch, std::string_view &text);

/// Without spaces and tabs at both ends.
inline std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace stoa
