#include "Utf8.hpp"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstdio>

namespace stoa {

namespace {

bool is_ascii(const uint8_t *bytes, int64_t count) {
    uint8_t bits = 0;
    for (int64_t place = 0; place < count; ++place) bits |= bytes[place];
    return bits < 0x80;
}

bool is_utf8(const uint8_t *bytes, int64_t count) {
    arrow::util::InitializeUTF8();
    return arrow::util::ValidateUTF8(bytes, count);
}

bool begins_character(uint8_t byte) { return (byte & 0xC0) != 0x80; }

template <typename TextArray>
void check_texts(const TextArray &texts) {
    for (int64_t row = 0; row < texts.length(); ++row) {
        if (texts.IsNull(row)) continue;
        const auto text = texts.GetView(row);
        const auto *bytes = reinterpret_cast<const uint8_t *>(text.data());
        const auto size = static_cast<int64_t>(text.size());
        if (!is_ascii(bytes, size) && !is_utf8(bytes, size)) throw not_utf8(bytes, size);
    }
}

}  // namespace

int64_t first_not_utf8(const uint8_t *bytes, const int32_t *starts, int64_t rows) {
    const int64_t count = starts[rows];
    if (is_ascii(bytes, count)) return -1;
    // The parts of a text are UTF-8 when the whole is and each begins with a character.
    bool is_valid = is_utf8(bytes, count);
    for (int64_t row = 0; is_valid && row < rows; ++row) {
        is_valid = starts[row] == count || begins_character(bytes[starts[row]]);
    }
    if (is_valid) return -1;
    int64_t row = 0;
    while (row < rows && is_utf8(bytes + starts[row], starts[row + 1] - starts[row])) ++row;
    return row < rows ? row : -1;
}

Failure not_utf8(const uint8_t *text, int64_t size) {
    constexpr int64_t limit = 30;
    std::string shown;
    for (int64_t place = 0; place < std::min(size, limit); ++place) {
        const uint8_t byte = text[place];
        char escaped[5] = {static_cast<char>(byte)};
        if (byte < 0x20 || byte >= 0x7F) std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
        shown += escaped;
    }
    return Failure(
        STOA_MALFORMED_FILE, "the text is not UTF-8: '" + shown + (size > limit ? "...'" : "'"),
        "write the file anew, with text converted to UTF-8");
}

void check_utf8(const arrow::Array &array) {
    switch (array.type_id()) {
    case arrow::Type::STRING: return check_texts(static_cast<const arrow::StringArray &>(array));
    case arrow::Type::LARGE_STRING: return check_texts(static_cast<const arrow::LargeStringArray &>(array));
    case arrow::Type::STRING_VIEW: return check_texts(static_cast<const arrow::StringViewArray &>(array));
    case arrow::Type::DICTIONARY:
        return check_utf8(*static_cast<const arrow::DictionaryArray &>(array).dictionary());
    default: return;
    }
}

}  // namespace stoa
