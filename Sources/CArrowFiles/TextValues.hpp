// Reading single values from text: numbers, dates, timestamps, decimals, booleans.
//
// Each function takes the whole text of one value, without spaces around it, and gives false when it is not a value of
// that kind or does not fit.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace stoa {

/// Digits with an optional sign.
[[gnu::noinline]] inline bool parse_int64(const char *begin, const char *end, int64_t &value) {
    if (begin == end) return false;
    const bool negative = *begin == '-';
    if (negative || *begin == '+') ++begin;
    while (end - begin > 19 && *begin == '0') ++begin;
    if (begin == end || end - begin > 19) return false;
    uint64_t magnitude = 0;
    for (; begin != end; ++begin) {
        const unsigned digit = static_cast<unsigned char>(*begin) - unsigned{'0'};
        if (digit > 9) return false;
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0)) return false;
    value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
    return true;
}

/// Eight digits at once, without a branch on how many there are (Daniel Lemire, "Quickly parsing eight digits", 2018);
/// longer numbers and other spellings as `parse_int64`. Eight bytes from `begin` on must be readable.
[[gnu::always_inline]] inline bool parse_int64_padded(const char *begin, const char *end, int64_t &value) {
    const char *first = begin + (*begin == '-');
    const auto count = static_cast<size_t>(end - first);
    if (count - 1 >= 8) return parse_int64(begin, end, value);
    uint64_t word;
    std::memcpy(&word, first, 8);
    // The digits move to the high bytes, zeros take the low ones.
    const uint64_t zeros = 0x3030303030303030;
    word = word << (64 - 8 * count);
    word |= count == 8 ? 0 : zeros >> (8 * count);
    if (((word & 0xF0F0F0F0F0F0F0F0) | ((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4) != 0x3333333333333333) {
        return parse_int64(begin, end, value);
    }
    word -= zeros;
    word = word * 10 + (word >> 8);
    const uint64_t mask = 0x000000FF000000FF;
    const uint64_t high_pairs = (word & mask) * (100 + (uint64_t{1000000} << 32));
    const uint64_t low_pairs = (word >> 16 & mask) * (1 + (uint64_t{10000} << 32));
    word = (high_pairs + low_pairs) >> 32;
    value = first == begin ? static_cast<int64_t>(word) : -static_cast<int64_t>(word);
    return true;
}

/// Digits with an optional plus.
bool parse_uint64(const char *begin, const char *end, uint64_t &value);

/// The nearest double of a decimal number by any route; also inf, infinity and nan in any case, with an optional sign.
bool parse_float64_slow(const char *begin, const char *end, double &value);
bool parse_float32(const char *begin, const char *end, float &value);

/// As `parse_float64_slow`. Up to 15 digits and powers of ten up to 22 are exact in one multiplication or division
/// (Clinger 1990); other numbers take the slow route.
inline bool parse_float64(const char *begin, const char *end, double &value) {
    static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = begin;
    const bool negative = at != end && *at == '-';
    if (negative) ++at;
    uint64_t digits = 0;
    const char *first = at;
    unsigned digit;
    while (at != end && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) <= 9) {
        digits = digits * 10 + digit;
        ++at;
    }
    auto count = at - first;
    long decimals = 0;
    if (at != end && *at == '.') {
        const char *point = ++at;
        while (at != end && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) <= 9) {
            digits = digits * 10 + digit;
            ++at;
        }
        decimals = at - point;
        count += decimals;
    }
    if (at != end || count == 0 || count > 15) return parse_float64_slow(begin, end, value);
    const double magnitude = static_cast<double>(digits) / powers[decimals];
    value = negative ? -magnitude : magnitude;
    return true;
}

/// `true`, `True`, `TRUE`, and the same of false.
bool parse_bool_word(std::string_view text, bool &value);

/// As `parse_bool_word`, or `1` and `0`.
bool parse_bool(std::string_view text, bool &value);

/// `YYYY-MM-DD`, in days since 1970-01-01.
bool parse_date(std::string_view text, int32_t &days);

/// A date, and after `T` or a space `HH:MM`, `:SS`, and up to nine decimals of which those beyond microseconds must be
/// zero; then `Z` or an offset as `+HH:MM`, `+HHMM` or `+HH`. In microseconds since 1970, UTC when there is an offset.
bool parse_timestamp(std::string_view text, int64_t &microseconds, bool &has_offset);

/// A decimal number, an exponent allowed, times 10^scale. False when digits would be lost or there are more than
/// `precision`.
bool parse_decimal(std::string_view text, int precision, int scale, __int128 &unscaled);

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t &year, unsigned &month, unsigned &day);

}  // namespace stoa
