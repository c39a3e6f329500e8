#include "CsvEvidence.hpp"

#include "CArrowFiles.h"
#include "TextValues.hpp"

namespace stoa {

void TypeEvidence::add(RawField field, const CsvDialect &dialect, std::string &scratch) {
    std::string_view text = field;
    if (is_quoted(field, dialect) && !unquote(field, dialect, scratch, text)) return;
    if (dialect.is_null(text.data(), text.size())) return;
    text = trimmed(text);
    if (dialect.is_null(text.data(), text.size())) return;
    ++values_;
    bool bool_value;
    int32_t days;
    int64_t microseconds;
    bool has_offset;
    if (may_be_bool_) may_be_bool_ = parse_bool_word(text, bool_value);
    if (may_be_float64_) add_number(text);
    if (may_be_date_) may_be_date_ = parse_date(text, days);
    if (may_be_timestamp_) {
        may_be_timestamp_ = parse_timestamp(text, microseconds, has_offset);
        if (may_be_timestamp_ && has_offset) ++with_offset_;
    }
}

void TypeEvidence::add_number(std::string_view text) {
    int64_t integer;
    double floating;
    const char *end = text.data() + text.size();
    if (parse_int64(text.data(), end, integer)) return;
    may_be_int64_ = false;
    may_be_float64_ = parse_float64(text.data(), end, floating);
    has_float_form_ |= text.find_first_not_of("+-0123456789") != std::string_view::npos;
}

int32_t TypeEvidence::kind() const {
    if (values_ == 0) return STOA_CSV_UTF8;
    if (may_be_bool_) return STOA_CSV_BOOL;
    if (may_be_float64_) {
        if (may_be_int64_) return STOA_CSV_INT64;
        return has_float_form_ ? STOA_CSV_FLOAT64 : STOA_CSV_UTF8;
    }
    if (may_be_date_) return STOA_CSV_DATE32;
    if (may_be_timestamp_ && with_offset_ == 0) return STOA_CSV_TIMESTAMP;
    if (may_be_timestamp_ && with_offset_ == values_) return STOA_CSV_TIMESTAMP_UTC;
    return STOA_CSV_UTF8;
}

}  // namespace stoa
