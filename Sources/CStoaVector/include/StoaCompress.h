// Moving the selected values of 64 rows together.
//
// The vector forms compress in a register and store the whole register: on Zen 4 a compress to memory takes ten times as
// long. So a call writes up to 64 bytes past the last selected value; the target must have room for them.
#ifndef STOA_COMPRESS_H
#define STOA_COMPRESS_H

#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

/// Moves the values of the set places of `mask` to `target` and returns how many they are. Reads 64 values, and writes
/// whole vectors: up to 64 bytes past the last selected value.
static inline int64_t stoa_compress_64(const uint64_t *values, uint64_t mask, uint64_t *target) {
    uint64_t *next = target;
#if defined(__AVX512F__)
    for (int step = 0; step < 8; step++) {
        __mmask8 selected = (__mmask8)(mask >> (8 * step));
        __m512i lanes = _mm512_loadu_si512(values + 8 * step);
        _mm512_storeu_si512(next, _mm512_maskz_compress_epi64(selected, lanes));
        next += __builtin_popcount(selected);
    }
#elif defined(__AVX2__) && defined(__BMI2__)
    for (int step = 0; step < 16; step++) {
        uint32_t selected = (uint32_t)(mask >> (4 * step)) & 15;
        // Each selected place becomes two byte numbers, of the two 32-bit halves of its value.
        uint64_t bytes = _pdep_u64(selected, 0x0001000100010001) * 0xFFFF;
        uint64_t order = _pext_u64(0x0706050403020100, bytes);
        __m256i places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)order));
        __m256i lanes = _mm256_loadu_si256((const __m256i *)(values + 4 * step));
        _mm256_storeu_si256((__m256i *)next, _mm256_permutevar8x32_epi32(lanes, places));
        next += __builtin_popcount(selected);
    }
#else
    for (int row = 0; row < 64; row++) {
        *next = values[row];
        next += (mask >> row) & 1;
    }
#endif
    return next - target;
}

/// As `stoa_compress_64`, for values of 32 bits.
static inline int64_t stoa_compress_32(const uint32_t *values, uint64_t mask, uint32_t *target) {
    uint32_t *next = target;
#if defined(__AVX512F__)
    for (int step = 0; step < 4; step++) {
        __mmask16 selected = (__mmask16)(mask >> (16 * step));
        __m512i lanes = _mm512_loadu_si512(values + 16 * step);
        _mm512_storeu_si512(next, _mm512_maskz_compress_epi32(selected, lanes));
        next += __builtin_popcount(selected);
    }
#elif defined(__AVX2__) && defined(__BMI2__)
    for (int step = 0; step < 8; step++) {
        uint32_t selected = (uint32_t)(mask >> (8 * step)) & 255;
        uint64_t bytes = _pdep_u64(selected, 0x0101010101010101) * 0xFF;
        uint64_t order = _pext_u64(0x0706050403020100, bytes);
        __m256i places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)order));
        __m256i lanes = _mm256_loadu_si256((const __m256i *)(values + 8 * step));
        _mm256_storeu_si256((__m256i *)next, _mm256_permutevar8x32_epi32(lanes, places));
        next += __builtin_popcount(selected);
    }
#else
    for (int row = 0; row < 64; row++) {
        *next = values[row];
        next += (mask >> row) & 1;
    }
#endif
    return next - target;
}

/// As `stoa_compress_64`, for values of 16 bits.
static inline int64_t stoa_compress_16(const uint16_t *values, uint64_t mask, uint16_t *target) {
    uint16_t *next = target;
#if defined(__AVX512VBMI2__) && defined(__AVX512BW__)
    for (int step = 0; step < 2; step++) {
        __mmask32 selected = (__mmask32)(mask >> (32 * step));
        __m512i lanes = _mm512_loadu_si512(values + 32 * step);
        _mm512_storeu_si512(next, _mm512_maskz_compress_epi16(selected, lanes));
        next += __builtin_popcount(selected);
    }
#else
    for (int row = 0; row < 64; row++) {
        *next = values[row];
        next += (mask >> row) & 1;
    }
#endif
    return next - target;
}

/// As `stoa_compress_64`, for values of 8 bits.
static inline int64_t stoa_compress_8(const uint8_t *values, uint64_t mask, uint8_t *target) {
#if defined(__AVX512VBMI2__) && defined(__AVX512BW__)
    __m512i lanes = _mm512_loadu_si512(values);
    _mm512_storeu_si512(target, _mm512_maskz_compress_epi8(mask, lanes));
    return __builtin_popcountll(mask);
#else
    uint8_t *next = target;
    for (int row = 0; row < 64; row++) {
        *next = values[row];
        next += (mask >> row) & 1;
    }
    return next - target;
#endif
}

/// As `stoa_compress_64`, for values of 128 bits.
static inline int64_t stoa_compress_128(const void *values, uint64_t mask, void *target) {
    const char *source = (const char *)values;
    char *next = (char *)target;
    for (int row = 0; row < 64; row++) {
        memcpy(next, source + 16 * row, 16);
        next += ((mask >> row) & 1) << 4;
    }
    return (next - (char *)target) >> 4;
}

#endif
