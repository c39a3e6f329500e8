// Comparing 64 rows into one word of bits, in the total order in which NaN equals NaN and is greater than all numbers and
// -0 equals +0.
#ifndef STOA_COMPARE_H
#define STOA_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Clang's vector types compile to whatever the machine has: mask registers, movemask, or a chain of additions on arm64.
#define STOA_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, LESS, EQUAL)                                          \
    typedef TYPE stoa_lanes_##SUFFIX __attribute__((ext_vector_type(LANES)));                                 \
    typedef bool stoa_flags_##SUFFIX __attribute__((ext_vector_type(LANES)));                                 \
    /** Bit r is set where left[r] < right[r]. Reads 64 values of each side. */                               \
    static inline uint64_t stoa_less_##SUFFIX(const TYPE *left, const TYPE *right) {                          \
        uint64_t word = 0;                                                                                    \
        for (int step = 0; step < 64 / LANES; step++) {                                                       \
            stoa_lanes_##SUFFIX a, b;                                                                         \
            memcpy(&a, left + step * LANES, sizeof a);                                                        \
            memcpy(&b, right + step * LANES, sizeof b);                                                       \
            stoa_flags_##SUFFIX flags = __builtin_convertvector(LESS, stoa_flags_##SUFFIX);                   \
            MASK_TYPE bits;                                                                                   \
            memcpy(&bits, &flags, sizeof bits);                                                               \
            word |= (uint64_t)bits << (step * LANES);                                                         \
        }                                                                                                     \
        return word;                                                                                          \
    }                                                                                                         \
    /** Bit r is set where left[r] == right[r]. Reads 64 values of each side. */                              \
    static inline uint64_t stoa_equal_##SUFFIX(const TYPE *left, const TYPE *right) {                         \
        uint64_t word = 0;                                                                                    \
        for (int step = 0; step < 64 / LANES; step++) {                                                       \
            stoa_lanes_##SUFFIX a, b;                                                                         \
            memcpy(&a, left + step * LANES, sizeof a);                                                        \
            memcpy(&b, right + step * LANES, sizeof b);                                                       \
            stoa_flags_##SUFFIX flags = __builtin_convertvector(EQUAL, stoa_flags_##SUFFIX);                  \
            MASK_TYPE bits;                                                                                   \
            memcpy(&bits, &flags, sizeof bits);                                                               \
            word |= (uint64_t)bits << (step * LANES);                                                         \
        }                                                                                                     \
        return word;                                                                                          \
    }

// Against a constant the column is loaded in rising order, and nothing else is loaded: where the compiler paired loads of
// two sides it read lines out of turn, and took about three times as long from memory, though not from a cache.
#define STOA_CONSTANT_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, NAME, COMPARED)                              \
    static inline uint64_t stoa_##NAME##_##SUFFIX(const TYPE *values, TYPE constant) {                        \
        stoa_lanes_##SUFFIX b = constant;                                                                     \
        uint64_t word = 0;                                                                                    \
        for (int step = 0; step < 64 / LANES; step++) {                                                       \
            stoa_lanes_##SUFFIX a;                                                                            \
            memcpy(&a, values + step * LANES, sizeof a);                                                      \
            stoa_flags_##SUFFIX flags = __builtin_convertvector(COMPARED, stoa_flags_##SUFFIX);               \
            MASK_TYPE bits;                                                                                   \
            memcpy(&bits, &flags, sizeof bits);                                                               \
            word |= (uint64_t)bits << (step * LANES);                                                         \
        }                                                                                                     \
        return word;                                                                                          \
    }

// Bit r of stoa_below is set where values[r] < constant, of stoa_above where values[r] > constant, of stoa_same where they
// are equal. Each reads 64 values. The constant is not NaN, a value may be.
#define STOA_CONSTANT_COMPARISONS(SUFFIX, TYPE, LANES, MASK_TYPE, ABOVE)            \
    STOA_CONSTANT_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, below, a < b)          \
    STOA_CONSTANT_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, above, ABOVE)          \
    STOA_CONSTANT_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, same, a == b)

#define STOA_INTEGER_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE)              \
    STOA_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, a < b, a == b)           \
    STOA_CONSTANT_COMPARISONS(SUFFIX, TYPE, LANES, MASK_TYPE, a > b)

// NaN is greater than all numbers: less is "not (a >= b)" for all a but NaN.
#define STOA_FLOAT_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE)                                                     \
    STOA_COMPARISON(SUFFIX, TYPE, LANES, MASK_TYPE, ~(a >= b) & (a == a), (a == b) | ((a != a) & (b != b)))       \
    STOA_CONSTANT_COMPARISONS(SUFFIX, TYPE, LANES, MASK_TYPE, ~(a <= b))

STOA_INTEGER_COMPARISON(i8, int8_t, 64, uint64_t)
STOA_INTEGER_COMPARISON(u8, uint8_t, 64, uint64_t)
STOA_INTEGER_COMPARISON(i16, int16_t, 32, uint32_t)
STOA_INTEGER_COMPARISON(u16, uint16_t, 32, uint32_t)
STOA_INTEGER_COMPARISON(i32, int32_t, 16, uint16_t)
STOA_INTEGER_COMPARISON(u32, uint32_t, 16, uint16_t)
STOA_INTEGER_COMPARISON(i64, int64_t, 8, uint8_t)
STOA_INTEGER_COMPARISON(u64, uint64_t, 8, uint8_t)
STOA_FLOAT_COMPARISON(f32, float, 16, uint16_t)
STOA_FLOAT_COMPARISON(f64, double, 8, uint8_t)

#undef STOA_FLOAT_COMPARISON
#undef STOA_INTEGER_COMPARISON
#undef STOA_CONSTANT_COMPARISONS
#undef STOA_CONSTANT_COMPARISON
#undef STOA_COMPARISON

#endif
