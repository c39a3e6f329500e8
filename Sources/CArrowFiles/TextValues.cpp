#include "TextValues.hpp"

#include <arrow/util/value_parsing.h>

namespace stoa {

namespace {

/// Exactly `count` digits at the front of the text, which are taken off.
template <size_t count>
bool take_digits(std::string_view &text, unsigned &value) {
    if (text.size() < count) return false;
    value = 0;
    for (size_t index = 0; index < count; ++index) {
        const unsigned digit = static_cast<unsigned char>(text[index]) - unsigned{'0'};
        if (digit > 9) return false;
        value = value * 10 + digit;
    }
    text.remove_prefix(count);
    return true;
}

bool take(std::string_view &text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

bool take_date(std::string_view &text, int64_t &days) {
    unsigned year, month, day;
    if (!take_digits<4>(text, year) || !take(text, '-') || !take_digits<2>(text, month) || !take(text, '-') ||
        !take_digits<2>(text, day)) {
        return false;
    }
    static constexpr unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12) return false;
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const unsigned length = lengths[month - 1] + (month == 2 && is_leap ? 1 : 0);
    if (day < 1 || day > length) return false;
    days = days_from_civil(year, month, day);
    return true;
}

/// Decimals after the point in millionths; at least one digit.
bool take_decimals(std::string_view &text, int64_t &millionths) {
    int64_t scale = 100000;
    size_t count = 0;
    millionths = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        const int digit = text.front() - '0';
        if (count >= 9 || (scale == 0 && digit != 0)) return false;
        millionths += digit * scale;
        scale /= 10;
        ++count;
        text.remove_prefix(1);
    }
    return count > 0;
}

/// `Z` or an offset in minutes.
bool take_offset(std::string_view &text, int64_t &minutes) {
    if (take(text, 'Z')) {
        minutes = 0;
        return true;
    }
    const bool is_west = take(text, '-');
    if (!is_west && !take(text, '+')) return false;
    unsigned hours, rest = 0;
    if (!take_digits<2>(text, hours) || hours > 23) return false;
    const bool has_colon = take(text, ':');
    if ((has_colon || !text.empty()) && (!take_digits<2>(text, rest) || rest > 59)) return false;
    minutes = static_cast<int64_t>(hours) * 60 + rest;
    if (is_west) minutes = -minutes;
    return true;
}

}  // namespace

bool parse_uint64(const char *begin, const char *end, uint64_t &value) {
    if (begin != end && *begin == '+') ++begin;
    if (begin == end) return false;
    uint64_t magnitude = 0;
    for (; begin != end; ++begin) {
        const unsigned digit = static_cast<unsigned char>(*begin) - unsigned{'0'};
        if (digit > 9 || __builtin_mul_overflow(magnitude, uint64_t{10}, &magnitude) ||
            __builtin_add_overflow(magnitude, uint64_t{digit}, &magnitude)) {
            return false;
        }
    }
    value = magnitude;
    return true;
}

bool parse_float64_slow(const char *begin, const char *end, double &value) {
    if (end - begin > 1 && *begin == '+' && begin[1] != '-' && begin[1] != '+') ++begin;
    return begin != end && arrow::internal::StringToFloat(begin, static_cast<size_t>(end - begin), '.', &value);
}

bool parse_float32(const char *begin, const char *end, float &value) {
    if (end - begin > 1 && *begin == '+' && begin[1] != '-' && begin[1] != '+') ++begin;
    return begin != end && arrow::internal::StringToFloat(begin, static_cast<size_t>(end - begin), '.', &value);
}

bool parse_bool_word(std::string_view text, bool &value) {
    if (text == "true" || text == "True" || text == "TRUE") return value = true, true;
    if (text == "false" || text == "False" || text == "FALSE") return value = false, true;
    return false;
}

bool parse_bool(std::string_view text, bool &value) {
    if (text.size() == 1 && (text[0] == '0' || text[0] == '1')) return value = text[0] == '1', true;
    return parse_bool_word(text, value);
}

bool parse_date(std::string_view text, int32_t &days) {
    int64_t value;
    if (!take_date(text, value) || !text.empty()) return false;
    days = static_cast<int32_t>(value);
    return true;
}

bool parse_timestamp(std::string_view text, int64_t &microseconds, bool &has_offset) {
    int64_t days;
    if (!take_date(text, days)) return false;
    unsigned hour = 0, minute = 0, second = 0;
    int64_t millionths = 0, offset = 0;
    has_offset = false;
    if (!text.empty()) {
        if (!take(text, 'T') && !take(text, ' ')) return false;
        if (!take_digits<2>(text, hour) || !take(text, ':') || !take_digits<2>(text, minute)) return false;
        if (take(text, ':')) {
            if (!take_digits<2>(text, second)) return false;
            if (take(text, '.') && !take_decimals(text, millionths)) return false;
        }
        if (!text.empty()) {
            if (!take_offset(text, offset) || !text.empty()) return false;
            has_offset = true;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    const int64_t minutes = (days * 24 + hour) * 60 + minute - offset;
    microseconds = (minutes * 60 + second) * 1000000 + millionths;
    return true;
}

bool parse_decimal(std::string_view text, int precision, int scale, __int128 &unscaled) {
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    const size_t mark = text.find_first_of("eE");
    int64_t exponent = 0;
    if (mark != std::string_view::npos) {
        if (!parse_int64(text.data() + mark + 1, text.data() + text.size(), exponent)) return false;
        if (exponent < -1000 || exponent > 1000) return false;
        text = text.substr(0, mark);
    }
    const size_t point = text.find('.');
    const auto after = point == std::string_view::npos ? 0 : static_cast<int64_t>(text.size() - point - 1);
    // The last digit of the text counts 10^last of the unscaled number.
    int64_t last = scale + exponent - after;
    __int128 value = 0;
    int digits = 0;
    bool any = false;
    size_t dropped = last < 0 ? static_cast<size_t>(-last) : 0;
    size_t left = text.size() - (point == std::string_view::npos ? 0 : 1);
    const auto push = [&](unsigned digit) {
        if (digits == 0 && digit == 0) return true;
        if (++digits > precision) return false;
        value = value * 10 + digit;
        return true;
    };
    for (size_t index = 0; index < text.size(); ++index) {
        if (index == point) continue;
        const unsigned digit = static_cast<unsigned char>(text[index]) - unsigned{'0'};
        if (digit > 9) return false;
        any = true;
        if (left-- <= dropped) {
            if (digit != 0) return false;
        } else if (!push(digit)) {
            return false;
        }
    }
    if (!any) return false;
    for (; last > 0 && value != 0; --last) {
        if (!push(0)) return false;
    }
    unscaled = negative ? -value : value;
    return true;
}

int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

void civil_from_days(int64_t days, int64_t &year, unsigned &month, unsigned &day) {
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const auto day_of_era = static_cast<unsigned>(days - era * 146097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted = (5 * day_of_year + 2) / 153;
    day = day_of_year - (153 * shifted + 2) / 5 + 1;
    month = shifted < 10 ? shifted + 3 : shifted - 9;
    year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2);
}

}  // namespace stoa
