// Eight doubles at once, and pairs of them that stand for a sum: what the elementary functions are made of.
//
// The same operations on each lane and no contraction that is not written as a fused multiply-add: the same bits on every
// instruction set and for every number of values.
#ifndef STOA_VECTOR_NUMBERS_H
#define STOA_VECTOR_NUMBERS_H

#include <math.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF
// How vectors wider than a register would be passed does not matter: every function here is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef double stoa_f64x8 __attribute__((ext_vector_type(8)));
typedef int64_t stoa_i64x8 __attribute__((ext_vector_type(8)));

// Sums with it have their integer part in the low bits: 1.5 * 2^52.
#define STOA_ROUNDER 0x1.8p52

#define STOA_INLINE static inline __attribute__((always_inline))

STOA_INLINE stoa_f64x8 stoa_fma8(stoa_f64x8 a, stoa_f64x8 b, stoa_f64x8 c) { return __builtin_elementwise_fma(a, b, c); }

// `yes` in the lanes where `condition` is all ones, else `no`.
STOA_INLINE stoa_f64x8 stoa_choose8(stoa_i64x8 condition, stoa_f64x8 yes, stoa_f64x8 no) {
    return (stoa_f64x8)(((stoa_i64x8)yes & condition) | ((stoa_i64x8)no & ~condition));
}

// 2^k for k in [-1022, 1023].
STOA_INLINE stoa_f64x8 stoa_power_of_two8(stoa_i64x8 k) { return (stoa_f64x8)((k + 1023) << 52); }

// A number as the sum of two: `low` is at most about half a unit in the last place of `high`.
typedef struct {
    stoa_f64x8 high, low;
} stoa_pair;

STOA_INLINE stoa_f64x8 stoa_magnitude(stoa_f64x8 x) { return (stoa_f64x8)((stoa_i64x8)x & INT64_MAX); }

// The magnitude of the first with the sign of the second.
STOA_INLINE stoa_f64x8 stoa_with_sign(stoa_f64x8 x, stoa_f64x8 sign) {
    return (stoa_f64x8)(((stoa_i64x8)x & INT64_MAX) | ((stoa_i64x8)sign & INT64_MIN));
}

// a + b without error for |a| >= |b| or a = 0.
STOA_INLINE stoa_pair stoa_sum_ordered(stoa_f64x8 a, stoa_f64x8 b) {
    stoa_f64x8 high = a + b;
    return (stoa_pair){high, b - (high - a)};
}

// a + b without error.
STOA_INLINE stoa_pair stoa_sum(stoa_f64x8 a, stoa_f64x8 b) {
    stoa_f64x8 high = a + b;
    stoa_f64x8 part = high - a;
    return (stoa_pair){high, (a - (high - part)) + (b - part)};
}

// a * b without error.
STOA_INLINE stoa_pair stoa_product(stoa_f64x8 a, stoa_f64x8 b) {
    stoa_f64x8 high = a * b;
    return (stoa_pair){high, stoa_fma8(a, b, -high)};
}

// a / b of pairs, rounded once and a little.
STOA_INLINE stoa_f64x8 stoa_quotient(stoa_pair a, stoa_pair b) {
    stoa_f64x8 inverse = 1.0 / b.high;
    stoa_f64x8 quotient = a.high * inverse;
    stoa_f64x8 rest = stoa_fma8(-quotient, b.high, a.high) + stoa_fma8(-quotient, b.low, a.low);
    return stoa_fma8(rest, inverse, quotient);
}

#endif
