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

// Keeps a load apart from the mask that is applied to it. The compiler would make one masked load of them, and such loads
// do not train the prefetchers of the machine: half the bandwidth is lost.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_whole_load16(stoa_i64x16 loaded) {
#ifdef __AVX512F__
    typedef int64_t stoa_half __attribute__((ext_vector_type(8)));
    stoa_half low = loaded.lo, high = loaded.hi;
    __asm__("" : "+v"(low), "+v"(high));
    loaded.lo = low;
    loaded.hi = high;
#endif
    return loaded;
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
    return (stoa_f64x16)(stoa_whole_load16((stoa_i64x16)values) & stoa_expand_mask16(mask));
}

#define STOA_LOAD_INTEGERS(SUFFIX, TYPE)                                                                       \
    typedef TYPE stoa_##SUFFIX##_row16 __attribute__((ext_vector_type(16)));                                   \
    /** 16 integers, widened; the bits of uint64_t as they are. */                                             \
    static inline __attribute__((always_inline)) stoa_i64x16 stoa_load_##SUFFIX##x16(const TYPE *values) {     \
        stoa_##SUFFIX##_row16 loaded;                                                                          \
        __builtin_memcpy(&loaded, values, sizeof loaded);                                                      \
        return __builtin_convertvector(loaded, stoa_i64x16);                                                   \
    }

STOA_LOAD_INTEGERS(i8, int8_t)
STOA_LOAD_INTEGERS(i16, int16_t)
STOA_LOAD_INTEGERS(i32, int32_t)
STOA_LOAD_INTEGERS(i64, int64_t)
STOA_LOAD_INTEGERS(u8, uint8_t)
STOA_LOAD_INTEGERS(u16, uint16_t)
STOA_LOAD_INTEGERS(u32, uint32_t)
STOA_LOAD_INTEGERS(u64, uint64_t)

#undef STOA_LOAD_INTEGERS

// The lanes whose bit of `mask` is set, 0 in the others.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_keep_i64x16(stoa_i64x16 values, uint64_t mask) {
    return stoa_whole_load16(values) & stoa_expand_mask16(mask);
}

// The lanes whose bit of `mask` is set, INT64_MAX in the others.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_keep_or_max_i64x16(stoa_i64x16 values, uint64_t mask) {
    stoa_i64x16 kept = stoa_expand_mask16(mask);
    return (stoa_whole_load16(values) & kept) | (~kept & INT64_MAX);
}

// The products of the lower 32 bits of the lanes, as signed numbers: one instruction a vector, where 64 bits take three.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_multiply_low_i64x16(stoa_i64x16 left, stoa_i64x16 right) {
    return ((left << 32) >> 32) * ((right << 32) >> 32);
}

// The smaller of each pair of lanes.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_min_i64x16(stoa_i64x16 left, stoa_i64x16 right) {
    return __builtin_elementwise_min(left, right);
}

// 16 doubles as integers in the total order, all NaN one and the greatest.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_order_f64x16(const double *values) {
    stoa_f64x16 loaded = stoa_load_f64x16(values);
    stoa_i64x16 isNaN = loaded != loaded;
    stoa_i64x16 bits = ((stoa_i64x16)loaded & ~isNaN) | (isNaN & 0x7ff8000000000000);
    return bits ^ ((bits >> 63) & INT64_MAX);
}

// 16 floats as integers in the total order, all NaN one and the greatest.
static inline __attribute__((always_inline)) stoa_i64x16 stoa_order_f32x16(const float *values) {
    typedef int32_t stoa_i32x16 __attribute__((ext_vector_type(16)));
    stoa_f32x16 loaded;
    __builtin_memcpy(&loaded, values, sizeof loaded);
    stoa_i32x16 isNaN = loaded != loaded;
    stoa_i32x16 bits = ((stoa_i32x16)loaded & ~isNaN) | (isNaN & 0x7fc00000);
    return __builtin_convertvector(bits ^ ((bits >> 31) & INT32_MAX), stoa_i64x16);
}

// How far ahead of the loops memory is asked for: beyond the end of the page, where the prefetchers of the machine stop.
enum { STOA_AHEAD_BYTES = 4096 };

// Asks for the `bytes` that lie `STOA_AHEAD_BYTES` behind an address; they need not be anyone's.
static inline __attribute__((always_inline)) void stoa_prefetch_ahead(const void *address, long bytes) {
    for (long line = 0; line < bytes; line += 64) __builtin_prefetch((const char *)address + STOA_AHEAD_BYTES + line);
}

// Asks for the cache line of an address that will be needed soon; any address will do.
static inline __attribute__((always_inline)) void stoa_prefetch(const void *address) {
    __builtin_prefetch(address);
}

#endif
