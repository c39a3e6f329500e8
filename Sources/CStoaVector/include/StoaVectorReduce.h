// Loads for reductions in 16 virtual lanes: whatever the instruction set, lane i holds row 16 k + i.
#ifndef STOA_VECTOR_REDUCE_H
#define STOA_VECTOR_REDUCE_H

#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

typedef double stoa_f64x16 __attribute__((ext_vector_type(16)));
typedef float stoa_f32x16 __attribute__((ext_vector_type(16)));
typedef int64_t stoa_i64x16 __attribute__((ext_vector_type(16)));

// All ones in the lanes whose bit of `mask` is set. One compare on AVX-512 (into a mask register), two instructions a
// vector elsewhere.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_expand_mask16(uint64_t mask) {
    const stoa_i64x16 bits = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    return ((stoa_i64x16)(int64_t)mask & bits) != 0;
}

// 16 doubles from an address of any alignment.
static inline __attribute__((always_inline)) stoa_f64x16 stoa_load_f64x16(const double *values) {
    stoa_f64x16 loaded;
    __builtin_memcpy(&loaded, values, sizeof loaded);
    return loaded;
}

// 16 floats, widened.
static inline __attribute__((always_inline)) stoa_f64x16 stoa_load_f32x16(const float *values) {
    stoa_f32x16 loaded;
    __builtin_memcpy(&loaded, values, sizeof loaded);
    return __builtin_convertvector(loaded, stoa_f64x16);
}

// The lanes whose bit of `mask` is set, +0.0 in the others: a cleared lane's value has no influence, not even as NaN.
static inline __attribute__((always_inline)) stoa_f64x16 stoa_keep_f64x16(stoa_f64x16 values, uint64_t mask) {
    return (stoa_f64x16)((stoa_i64x16)values & stoa_expand_mask16(mask));
}

// Asks for the cache line of an address that will be needed soon; any address will do.
static inline __attribute__((always_inline)) void stoa_prefetch(const void *address) {
    __builtin_prefetch(address);
}

#endif
