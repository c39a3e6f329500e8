// Which types the sampled values of one CSV column allow.
#pragma once

#include <string>

#include "CsvDialect.hpp"

namespace stoa {

class TypeEvidence {
public:
    /// Takes one field into account.
    void add(RawField field, const CsvDialect &dialect, std::string &scratch);

    /// The narrowest type that all values seen allow: one of STOA_CSV_BOOL... Text when there was none.
    ///
    /// Integers of which some do not fit 64 bits are text: as floats they would lose digits.
    int32_t kind() const;

    int64_t values() const { return values_; }

private:
    void add_number(std::string_view text);

    int64_t values_ = 0;
    bool may_be_bool_ = true;
    bool may_be_int64_ = true;
    bool may_be_float64_ = true;
    bool may_be_date_ = true;
    bool may_be_timestamp_ = true;
    // Some value has a point, an exponent, or is a word such as nan.
    bool has_float_form_ = false;
    int64_t with_offset_ = 0;
};

}  // namespace stoa
