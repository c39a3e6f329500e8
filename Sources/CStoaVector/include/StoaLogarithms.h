// log, log2, log10, log1p and pow of eight doubles at once.
//
// Method: x = 2^k (1 + f), log(1 + f) = 2 artanh(f / (2 + f)) by a minimax polynomial (Remez's algorithm in 240 bits), carried
// as a pair of doubles so that multiplying by a constant, adding k log 2 and, for powers, multiplying by the exponent round
// once at the end. Largest errors found over some 30,000 arguments each against values of 200 bits: log 0.7 ulp, log2 0.7,
// log10 0.7, log1p 0.6, pow 0.95.
#ifndef STOA_LOGARITHMS_H
#define STOA_LOGARITHMS_H

#include "StoaExponentials.h"
#include "StoaVectorNumbers.h"

// Logarithms

// A positive number as 2^k * (1 + f) with 1 + f within [sqrt(1/2), sqrt(2)).
typedef struct {
    stoa_f64x8 f, k;
} stoa_scaled_number;

STOA_INLINE stoa_scaled_number stoa_log_reduced(stoa_f64x8 x) {
    stoa_i64x8 is_small = x < 0x1p-1022;
    x = stoa_choose8(is_small, x * 0x1p54, x);
    stoa_i64x8 bits = (stoa_i64x8)x;
    stoa_i64x8 exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
    stoa_f64x8 m = (stoa_f64x8)(bits - (exponent << 52));
    stoa_f64x8 k = __builtin_convertvector(exponent + (is_small & -54), stoa_f64x8);
    return (stoa_scaled_number){m - 1.0, k};
}

// log(1 + f) as a pair with an error of about 2^-57 of its size.
STOA_INLINE stoa_pair stoa_log_parts(stoa_f64x8 f) {
    stoa_f64x8 s = f / (f + 2.0);
    stoa_f64x8 z = s * s;
    stoa_f64x8 p = 0x1.2f0d7a50ca696p-3;
    p = stoa_fma8(p, z, 0x1.39a0f710ccce7p-3);
    p = stoa_fma8(p, z, 0x1.74664617c6d4dp-3);
    p = stoa_fma8(p, z, 0x1.c71c51e85e83cp-3);
    p = stoa_fma8(p, z, 0x1.24924942171e7p-2);
    p = stoa_fma8(p, z, 0x1.999999997fb3bp-2);
    p = stoa_fma8(p, z, 0x1.5555555555593p-1);
    stoa_pair square = stoa_product(f * 0.5, f);
    stoa_f64x8 high = f - square.high;
    stoa_f64x8 low = ((f - high) - square.high) - square.low;
    return (stoa_pair){high, low + s * stoa_fma8(z, p, square.high)};
}

// What logarithms are of numbers that have none as usual.
STOA_INLINE stoa_f64x8 stoa_log_specials(stoa_f64x8 x, stoa_f64x8 result) {
    result = stoa_choose8(x == (stoa_f64x8)INFINITY, x, result);
    result = stoa_choose8(x == 0.0, -(stoa_f64x8)INFINITY, result);
    result = stoa_choose8(x < 0.0, (stoa_f64x8)NAN, result);
    return stoa_choose8(x != x, x, result);
}

// k * step + value, step in two parts of which the first times k is exact.
STOA_INLINE stoa_f64x8 stoa_log_joined(stoa_f64x8 k, double step_high, double step_low, stoa_pair value) {
    stoa_pair sum = stoa_sum_ordered(k * step_high, value.high);
    return sum.high + (sum.low + stoa_fma8(k, step_low, value.low));
}

STOA_INLINE stoa_f64x8 stoa_log_f64x8(stoa_f64x8 x) {
    stoa_scaled_number number = stoa_log_reduced(x);
    stoa_pair part = stoa_log_parts(number.f);
    return stoa_log_specials(x, stoa_log_joined(number.k, 0x1.62e42fefa4000p-1, -0x1.8432a1b0e2634p-43, part));
}

// The pair times a constant of two parts.
STOA_INLINE stoa_pair stoa_times(stoa_pair a, double high, double low) {
    stoa_pair product = stoa_product(a.high, (stoa_f64x8)high);
    product.low += stoa_fma8(a.high, low, a.low * high);
    return product;
}

STOA_INLINE stoa_f64x8 stoa_log2_f64x8(stoa_f64x8 x) {
    stoa_scaled_number number = stoa_log_reduced(x);
    stoa_pair part = stoa_times(stoa_log_parts(number.f), 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56);
    return stoa_log_specials(x, stoa_log_joined(number.k, 1, 0, part));
}

STOA_INLINE stoa_f64x8 stoa_log10_f64x8(stoa_f64x8 x) {
    stoa_scaled_number number = stoa_log_reduced(x);
    stoa_pair part = stoa_times(stoa_log_parts(number.f), 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57);
    return stoa_log_specials(x, stoa_log_joined(number.k, 0x1.34413509f8000p-2, -0x1.80433b83b532ap-44, part));
}

STOA_INLINE stoa_f64x8 stoa_log1p_f64x8(stoa_f64x8 x) {
    stoa_pair u = stoa_sum(1.0, x);
    stoa_scaled_number number = stoa_log_reduced(u.high);
    stoa_i64x8 is_near = number.k == 0.0;
    // Where 1 + x needs no scaling, its rounding is undone by taking x itself; elsewhere it is a small correction.
    stoa_f64x8 f = stoa_choose8(is_near, x, number.f);
    stoa_pair part = stoa_log_parts(f);
    stoa_f64x8 correction = stoa_choose8(u.high < 0x1p60, u.low / u.high, 0.0);
    part.low += stoa_choose8(is_near, 0.0, correction);
    stoa_f64x8 result = stoa_log_joined(number.k, 0x1.62e42fefa4000p-1, -0x1.8432a1b0e2634p-43, part);
    result = stoa_log_specials(u.high, result);
    return stoa_choose8(stoa_magnitude(x) < 0x1p-54, x, result);
}

// Powers

// log(x) of a normal positive number as a pair with an error of about 2^-65 of its size.
STOA_INLINE stoa_pair stoa_log_pair(stoa_f64x8 x) {
    stoa_scaled_number number = stoa_log_reduced(x);
    stoa_f64x8 f = number.f;
    stoa_pair divisor = stoa_sum_ordered(2.0, f);
    stoa_f64x8 inverse = 1.0 / divisor.high;
    stoa_f64x8 s = f * inverse;
    stoa_f64x8 s_low = (stoa_fma8(-s, divisor.high, f) - s * divisor.low) * inverse;
    stoa_pair z = stoa_product(s, s);
    z.low += 2.0 * s * s_low;
    stoa_f64x8 q = 0x1.eb207813461b0p-4;
    q = stoa_fma8(q, z.high, 0x1.de319a2d8b0ebp-4);
    q = stoa_fma8(q, z.high, 0x1.1120c1323638cp-3);
    q = stoa_fma8(q, z.high, 0x1.3b1362693db77p-3);
    q = stoa_fma8(q, z.high, 0x1.745d1833725fdp-3);
    q = stoa_fma8(q, z.high, 0x1.c71c71c57e116p-3);
    q = stoa_fma8(q, z.high, 0x1.2492492493049p-2);
    q = stoa_fma8(q, z.high, 0x1.9999999999996p-2);
    // log(1 + f) = 2 s + s^3 (2/3 + z q)
    stoa_pair factor = stoa_sum_ordered(0x1.5555555555555p-1, z.high * q);
    factor.low += 0x1.5555555555555p-55;
    stoa_pair cube = stoa_product(s, z.high);
    cube.low += stoa_fma8(s, z.low, s_low * z.high);
    stoa_pair tail = stoa_product(cube.high, factor.high);
    tail.low += stoa_fma8(cube.high, factor.low, cube.low * factor.high);
    stoa_pair sum = stoa_sum_ordered(s + s, tail.high);
    sum.low += stoa_fma8(s_low, 2.0, tail.low);
    stoa_pair whole = stoa_sum_ordered(number.k * 0x1.62e42fefa4000p-1, sum.high);
    whole.low += stoa_fma8(number.k, -0x1.8432a1b0e2634p-43, sum.low);
    return stoa_sum_ordered(whole.high, whole.low);
}

STOA_INLINE stoa_f64x8 stoa_pow_f64x8(stoa_f64x8 x, stoa_f64x8 y) {
    stoa_pair logarithm = stoa_log_pair(x);
    stoa_pair product = stoa_product(y, logarithm.high);
    product.low = stoa_fma8(y, logarithm.low, product.low);
    // NaN compares false.
    stoa_i64x8 is_fast = (x >= 0x1p-1022) & (x < (stoa_f64x8)INFINITY) & (stoa_magnitude(product.high) < 700.0)
        & (stoa_magnitude(y) < 0x1p900);
    stoa_f64x8 high = (stoa_f64x8)(is_fast & (stoa_i64x8)product.high);
    stoa_f64x8 low = (stoa_f64x8)(is_fast & (stoa_i64x8)product.low);
    stoa_f64x8 result = stoa_exp_of_pair(high, low);
    if (__builtin_reduce_and(is_fast) != -1) {
        for (int lane = 0; lane < 8; lane++) {
            if (!is_fast[lane]) result[lane] = pow(x[lane], y[lane]);
        }
    }
    return result;
}

#endif
