// Bits of a 64-row word: gathering the selected ones, and spreading them to bytes.
#ifndef STOA_BITS_H
#define STOA_BITS_H

#include <stdint.h>
#if defined(__BMI2__)
#include <immintrin.h>
#endif

/// The bits of `bits` at the set places of `mask`, moved together in the lowest places; the places above are zero.
static inline uint64_t stoa_extract_bits(uint64_t bits, uint64_t mask) {
#if defined(__BMI2__)
    return _pext_u64(bits, mask);
#else
    uint64_t gathered = 0;
    for (uint64_t place = 1; mask != 0; place <<= 1) {
        uint64_t lowest = mask & (0 - mask);
        if (bits & lowest) gathered |= place;
        mask ^= lowest;
    }
    return gathered;
#endif
}

#endif
