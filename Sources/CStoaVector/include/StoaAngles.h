// sin, cos and tan of eight doubles at once.
//
// Method: Cody and Waite's argument reduction (Software Manual for the Elementary Functions, 1980) by pi/2 in three doubles,
// then polynomials that are minimax on the reduced interval (Remez's algorithm in 250 bits; approximation errors stand beside
// the coefficients), evaluated so that the last addition is the only rounding of full size. Against extended precision sin
// and cos stay below 0.8 ulp, tan below 0.9.
#ifndef STOA_ANGLES_H
#define STOA_ANGLES_H

#include "StoaVectorNumbers.h"

// The largest magnitude that stoa_sine_f64x8 reduces itself; other arguments belong to the C library.
#define STOA_LARGEST_ANGLE 1e6

// Sine and cosine, as sums of two, of an angle less its nearest multiple of pi/2; the low bits of `quadrant` tell which.
typedef struct {
    stoa_pair sine, cosine;
    stoa_i64x8 quadrant;
} stoa_angle;

// For |x| <= STOA_LARGEST_ANGLE.
STOA_INLINE stoa_angle stoa_angle_of(stoa_f64x8 x) {
    const stoa_f64x8 shifted = stoa_fma8(x, 0x1.45f306dc9c883p-1, STOA_ROUNDER);
    const stoa_f64x8 k = shifted - STOA_ROUNDER;
    // pi/2 in three doubles. The first difference is exact: both sides are multiples of 2^-53, and it is below 1.
    const stoa_f64x8 t = stoa_fma8(-k, 0x1.921fb54442d18p+0, x);
    const stoa_f64x8 w = k * 0x1.1a62633145c07p-54;
    const stoa_f64x8 w_lost = stoa_fma8(k, 0x1.1a62633145c07p-54, -w);
    const stoa_f64x8 r = t - w;
    const stoa_f64x8 lost = ((t - r) - w) - stoa_fma8(k, -0x1.f1976b7ed8fbcp-110, w_lost);
    const stoa_f64x8 z = r * r;
    // (sin r - r) / r^3 by z = r^2 on |r| <= pi/4, error 2^-68.
    stoa_f64x8 p = -0x1.aaa4c8e392ba3p-41;
    p = stoa_fma8(p, z, 0x1.612091d14ac0ep-33);
    p = stoa_fma8(p, z, -0x1.ae64529710edfp-26);
    p = stoa_fma8(p, z, 0x1.71de3a5338b37p-19);
    p = stoa_fma8(p, z, -0x1.a01a01a018addp-13);
    p = stoa_fma8(p, z, 0x1.111111111110bp-7);
    p = stoa_fma8(p, z, -0x1.5555555555555p-3);
    const stoa_f64x8 sine = stoa_fma8(z * r, p, stoa_fma8(z * -0.5, lost, lost));
    // (cos r - 1 + r^2/2) / r^4 by z, error 2^-75.
    stoa_f64x8 q = 0x1.aac79db242fe3p-45;
    q = stoa_fma8(q, z, -0x1.93933d313c7d5p-37);
    q = stoa_fma8(q, z, 0x1.1eed8ca8b5b6ap-29);
    q = stoa_fma8(q, z, -0x1.27e4fb7602bc7p-22);
    q = stoa_fma8(q, z, 0x1.a01a01a018e48p-16);
    q = stoa_fma8(q, z, -0x1.6c16c16c16c10p-10);
    q = stoa_fma8(q, z, 0x1.5555555555555p-5);
    const stoa_f64x8 half = 0.5 * z;
    const stoa_f64x8 head = 1.0 - half;
    const stoa_f64x8 cosine = ((1.0 - head) - half) + stoa_fma8(z * z, q, -(r * lost));
    return (stoa_angle){{r, sine}, {head, cosine}, (stoa_i64x8)shifted};
}

// The value with its sign changed where bit 1 of `quadrant` is set.
STOA_INLINE stoa_f64x8 stoa_turned8(stoa_f64x8 value, stoa_i64x8 quadrant) {
    return (stoa_f64x8)((stoa_i64x8)value ^ ((quadrant & 2) << 62));
}

// sin(x) for quadrants = 0, cos(x) for quadrants = 1; |x| <= STOA_LARGEST_ANGLE.
STOA_INLINE stoa_f64x8 stoa_sine_f64x8(stoa_f64x8 x, int64_t quadrants) {
    const stoa_angle angle = stoa_angle_of(x);
    const stoa_i64x8 quadrant = angle.quadrant + quadrants;
    const stoa_f64x8 cosine = angle.cosine.high + angle.cosine.low;
    const stoa_f64x8 sine = angle.sine.high + angle.sine.low;
    const stoa_f64x8 result = stoa_turned8(stoa_choose8((quadrant & 1) != 0, cosine, sine), quadrant);
    // The sum above would turn -0.0 into +0.0.
    return quadrants == 0 ? stoa_choose8(x == 0.0, x, result) : result;
}

// tan(x); |x| <= STOA_LARGEST_ANGLE.
STOA_INLINE stoa_f64x8 stoa_tan_f64x8(stoa_f64x8 x) {
    const stoa_angle angle = stoa_angle_of(x);
    const stoa_i64x8 is_odd = (angle.quadrant & 1) != 0;
    const stoa_pair sine = stoa_sum_ordered(angle.sine.high, angle.sine.low);
    const stoa_pair cosine = stoa_sum_ordered(angle.cosine.high, angle.cosine.low);
    const stoa_pair above = {
        stoa_choose8(is_odd, cosine.high, sine.high), stoa_choose8(is_odd, cosine.low, sine.low)};
    const stoa_pair below = {
        stoa_choose8(is_odd, sine.high, cosine.high), stoa_choose8(is_odd, sine.low, cosine.low)};
    // tan(r + pi/2) = -cos(r) / sin(r)
    const stoa_f64x8 result = stoa_turned8(stoa_quotient(above, below), angle.quadrant << 1);
    return stoa_choose8(x == 0.0, x, result);
}

#endif
