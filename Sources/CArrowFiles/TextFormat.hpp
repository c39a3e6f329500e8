// Values as text that reads back as the same value.
#pragma once

#include <cstdint>
#include <string>

namespace stoa {

void append_int64(std::string &text, int64_t value);
void append_uint64(std::string &text, uint64_t value);

/// The shortest digits that read back as the same number, always with a point, an exponent, or as `NaN`, `inf`, `-inf`,
/// so that a float is not taken for an integer.
void append_float64(std::string &text, double value);
void append_float32(std::string &text, float value);

/// `YYYY-MM-DD`; fails beyond the years 0 to 9999.
void append_date(std::string &text, int64_t days);

/// `YYYY-MM-DDTHH:MM:SS`, decimals when there are any, `Z` when the column has a zone.
void append_timestamp(std::string &text, int64_t microseconds, bool has_zone);

/// All `scale` decimals.
void append_decimal(std::string &text, __int128 unscaled, int scale);

}  // namespace stoa
