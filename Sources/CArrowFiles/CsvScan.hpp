// Finding the structure of CSV text 64 bytes at a time: which delimiters and line ends stand outside quotes.
//
// The idea is that of simdcsv (Geoff Langdale): compare 64 bytes with each special character, and a prefix XOR of the
// quotes' bits tells which bytes are inside. That alone would take a quote within an unquoted field for an opening one,
// so a chunk in which a quote opens anywhere but at the start of a field is walked byte by byte instead.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace stoa {

/// Bits of the bytes equal to `wanted` among 64.
inline uint64_t matches(const char *text, char wanted) {
#if defined(__AVX512BW__)
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), _mm512_set1_epi8(wanted));
#elif defined(__AVX2__)
    const auto pattern = _mm256_set1_epi8(wanted);
    const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(text));
    const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(text + 32));
    const auto low_bits = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern)));
    const auto high_bits = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern)));
    return low_bits | static_cast<uint64_t>(high_bits) << 32;
#else
    uint64_t bits = 0;
    for (int index = 0; index < 64; ++index) bits |= static_cast<uint64_t>(text[index] == wanted) << index;
    return bits;
#endif
}

/// Bit i is the XOR of the bits up to and including i.
inline uint64_t prefix_xor(uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

/// Where in a record the scan stands before the next byte.
enum class FieldState : uint8_t {
    start,   // at the first byte of a field
    plain,   // in an unquoted field
    quoted,  // between quotes
    closed   // after a quote that closes the field, unless another one follows
};

/// Follows the quotes through consecutive chunks of text.
class StructureScan {
public:
    struct Chunk {
        uint64_t ends;   // delimiters and line ends outside quotes
        uint64_t lines;  // of these the line ends
    };

    StructureScan(char delimiter, char quote, FieldState state = FieldState::start)
        : state(state), delimiter_(delimiter), quote_(quote) {}

    FieldState state;

    /// The structure of the next `count` (1 to 64) bytes; 64 bytes must be readable.
    Chunk step(const char *text, unsigned count) {
        const uint64_t valid = count >= 64 ? ~0ULL : (1ULL << count) - 1;
        const unsigned last = count - 1;
        const uint64_t lines = matches(text, '\n') & valid;
        const uint64_t marks = (matches(text, delimiter_) & valid) | lines;
        const uint64_t quotes = matches(text, quote_) & valid;
        if (quotes == 0) {
            if (state == FieldState::quoted) return {0, 0};
            state = (marks >> last & 1) ? FieldState::start : FieldState::plain;
            return {marks, lines};
        }
        const uint64_t inside = prefix_xor(quotes) ^ (state == FieldState::quoted ? ~0ULL : 0);
        const uint64_t ends = marks & ~inside;
        const uint64_t closing = quotes & ~inside;
        const uint64_t may_open =
            (ends | closing) << 1 | (state == FieldState::start || state == FieldState::closed ? 1 : 0);
        if (quotes & inside & ~may_open) return walk(text, count);
        if (inside >> last & 1) state = FieldState::quoted;
        else if (closing >> last & 1) state = FieldState::closed;
        else state = (ends >> last & 1) ? FieldState::start : FieldState::plain;
        return {ends, lines & ~inside};
    }

private:
    Chunk walk(const char *text, unsigned count) {
        Chunk chunk{0, 0};
        for (unsigned index = 0; index < count; ++index) {
            const char byte = text[index];
            if (state == FieldState::quoted) {
                if (byte == quote_) state = FieldState::closed;
            } else if (byte == quote_ && state != FieldState::plain) {
                state = FieldState::quoted;
            } else if (byte == '\n' || byte == delimiter_) {
                state = FieldState::start;
                chunk.ends |= 1ULL << index;
                if (byte == '\n') chunk.lines |= 1ULL << index;
            } else {
                state = FieldState::plain;
            }
        }
        return chunk;
    }

    char delimiter_;
    char quote_;
};

}  // namespace stoa
