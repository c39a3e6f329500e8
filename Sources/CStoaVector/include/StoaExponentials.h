// exp, expm1 and tanh of eight doubles at once.
//
// Method: Cody and Waite's argument reduction (Software Manual for the Elementary Functions, 1980) whose first step a fused
// multiply-add makes exact, a polynomial that is minimax on the reduced interval (Remez's algorithm in 240 bits), and sums
// that keep what their rounding loses (Dekker, Knuth). Largest errors found over some 30,000 arguments each against values of
// 140 bits: exp 0.6 ulp (0.8 where the result is subnormal), expm1 0.8, tanh 0.7.
#ifndef STOA_EXPONENTIALS_H
#define STOA_EXPONENTIALS_H

#include "StoaVectorNumbers.h"

// Exponentials

// exp(high + low) as 2^k * (1 + part), part within about [-0.3, 0.42]; |high| < 2000.
typedef struct {
    stoa_pair part;
    stoa_i64x8 k;
} stoa_exponential;

STOA_INLINE stoa_exponential stoa_exp_parts(stoa_f64x8 high, stoa_f64x8 low) {
    const double shift = 0x1.8p52;
    stoa_f64x8 shifted = stoa_fma8(high, 0x1.71547652b82fep+0, (stoa_f64x8)shift);
    stoa_i64x8 k = (stoa_i64x8)shifted - (stoa_i64x8)(stoa_f64x8)shift;
    stoa_f64x8 n = shifted - shift;
    // Exact: a multiple of 2^-53 below one half.
    stoa_f64x8 exact = stoa_fma8(n, -0x1.62e42fefa39efp-1, high);
    stoa_f64x8 tail = stoa_fma8(n, -0x1.abc9e3b39803fp-56, low);
    stoa_f64x8 r = exact + tail;
    stoa_f64x8 rest = (exact - r) + tail;
    // (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, error of e^r 2^-64.
    stoa_f64x8 q = 0x1.1f9e09dce160ap-29;
    q = stoa_fma8(q, r, 0x1.af6d386176406p-26);
    q = stoa_fma8(q, r, 0x1.27e4bf2517a97p-22);
    q = stoa_fma8(q, r, 0x1.71ddef5788707p-19);
    q = stoa_fma8(q, r, 0x1.a01a01b457e89p-16);
    q = stoa_fma8(q, r, 0x1.a01a01b3d2a73p-13);
    q = stoa_fma8(q, r, 0x1.6c16c16c1358bp-10);
    q = stoa_fma8(q, r, 0x1.111111110eb78p-7);
    q = stoa_fma8(q, r, 0x1.555555555555ep-5);
    q = stoa_fma8(q, r, 0x1.555555555555cp-3);
    q = stoa_fma8(q, r, 0x1.0000000000000p-1);
    return (stoa_exponential){{r, stoa_fma8(r * r, q, stoa_fma8(rest, r, rest))}, k};
}

// 2^k * x for |k| <= 2044; results below the normal numbers are rounded once more.
STOA_INLINE stoa_f64x8 stoa_scaled(stoa_f64x8 x, stoa_i64x8 k) {
    stoa_i64x8 half = ((k + 4096) >> 1) - 2048;
    return x * stoa_power_of_two8(half) * stoa_power_of_two8(k - half);
}

STOA_INLINE stoa_f64x8 stoa_exp_of_pair(stoa_f64x8 high, stoa_f64x8 low) {
    stoa_exponential e = stoa_exp_parts(high, low);
    stoa_pair one = stoa_sum_ordered(1.0, e.part.high);
    return stoa_scaled(one.high + (one.low + e.part.low), e.k);
}

// Keeps NaN.
STOA_INLINE stoa_f64x8 stoa_clamped(stoa_f64x8 x, double least, double most) {
    x = stoa_choose8(x > most, (stoa_f64x8)most, x);
    return stoa_choose8(x < least, (stoa_f64x8)least, x);
}

STOA_INLINE stoa_f64x8 stoa_exp_f64x8(stoa_f64x8 x) {
    return stoa_exp_of_pair(stoa_clamped(x, -750, 720), 0.0);
}

// exp(x) - 1 as a pair, for |x| <= 44.
STOA_INLINE stoa_pair stoa_expm1_parts(stoa_f64x8 x) {
    stoa_exponential e = stoa_exp_parts(x, 0.0);
    stoa_f64x8 scale = stoa_power_of_two8(e.k);
    stoa_pair one = stoa_sum_ordered(1.0, e.part.high);
    stoa_pair difference = stoa_sum(one.high * scale, -1.0);
    return stoa_sum(difference.high, difference.low + (one.low + e.part.low) * scale);
}

STOA_INLINE stoa_f64x8 stoa_expm1_f64x8(stoa_f64x8 x) {
    stoa_pair small = stoa_expm1_parts(stoa_clamped(x, -44, 44));
    stoa_f64x8 result = stoa_choose8(x > 44, stoa_exp_f64x8(x), small.high + small.low);
    // Keeps the sign of zero.
    return stoa_choose8(stoa_magnitude(x) < 0x1p-54, x, result);
}

STOA_INLINE stoa_f64x8 stoa_tanh_f64x8(stoa_f64x8 x) {
    stoa_f64x8 size = stoa_magnitude(x);
    stoa_pair e = stoa_expm1_parts(stoa_clamped(size + size, 0, 44));
    stoa_pair divisor = stoa_sum(e.high, 2.0);
    divisor.low += e.low;
    stoa_f64x8 result = stoa_with_sign(stoa_quotient(e, divisor), x);
    return stoa_choose8(size < 0x1p-28, x, result);
}

#endif
