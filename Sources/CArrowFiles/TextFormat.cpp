#include "TextFormat.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "Failure.hpp"
#include "TextValues.hpp"

namespace stoa {

namespace {

template <typename Float>
void append_float(std::string &text, Float value) {
    if (std::isnan(value)) {
        text += "NaN";
        return;
    }
    if (std::isinf(value)) {
        text += value < 0 ? "-inf" : "inf";
        return;
    }
    // Shortest digits choose the shorter spelling: 1e+05 for 100000. People read plain digits better.
    const auto magnitude = std::fabs(value);
    const bool is_plain = magnitude == 0 || (magnitude >= Float(1e-5) && magnitude < Float(1e16));
    const auto form = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, form).ptr;
    text.append(digits, end);
    if (is_plain && !std::memchr(digits, '.', static_cast<size_t>(end - digits))) text += ".0";
}

/// Decimal digits with leading zeros.
void append_padded(std::string &text, uint64_t value, int width) {
    char digits[20];
    for (int index = width; index-- > 0; value /= 10) digits[index] = static_cast<char>('0' + value % 10);
    text.append(digits, static_cast<size_t>(width));
}

int64_t floor_divided(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace

void append_int64(std::string &text, int64_t value) {
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_uint64(std::string &text, uint64_t value) {
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_float64(std::string &text, double value) { append_float(text, value); }
void append_float32(std::string &text, float value) { append_float(text, value); }

void append_date(std::string &text, int64_t days) {
    int64_t year;
    unsigned month, day;
    civil_from_days(days, year, month, day);
    if (year < 0 || year > 9999) {
        throw Failure(
            STOA_UNSUPPORTED, "a date in the year " + std::to_string(year) + " cannot be written as text",
            "write Parquet or Arrow, or keep to the years 0 to 9999");
    }
    append_padded(text, static_cast<uint64_t>(year), 4);
    text += '-';
    append_padded(text, month, 2);
    text += '-';
    append_padded(text, day, 2);
}

void append_timestamp(std::string &text, int64_t microseconds, bool has_zone) {
    constexpr int64_t day = int64_t{86400} * 1000000;
    const int64_t days = floor_divided(microseconds, day);
    auto rest = static_cast<uint64_t>(microseconds - days * day);
    append_date(text, days);
    text += 'T';
    append_padded(text, rest / 3600000000, 2);
    text += ':';
    append_padded(text, rest / 60000000 % 60, 2);
    text += ':';
    append_padded(text, rest / 1000000 % 60, 2);
    if (rest %= 1000000) {
        text += '.';
        const bool is_coarse = rest % 1000 == 0;
        append_padded(text, is_coarse ? rest / 1000 : rest, is_coarse ? 3 : 6);
    }
    if (has_zone) text += 'Z';
}

void append_decimal(std::string &text, __int128 unscaled, int scale) {
    auto magnitude = static_cast<unsigned __int128>(unscaled);
    if (unscaled < 0) {
        text += '-';
        magnitude = 0 - magnitude;
    }
    char digits[64];
    char *begin = digits + sizeof digits;
    int count = 0;
    do {
        if (count == scale && scale > 0) *--begin = '.';
        *--begin = static_cast<char>('0' + static_cast<int>(magnitude % 10));
        magnitude /= 10;
        ++count;
    } while (magnitude != 0 || count <= scale);
    text.append(begin, digits + sizeof digits);
}

}  // namespace stoa
