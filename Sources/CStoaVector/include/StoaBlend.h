// Overwriting the selected ones of 64 values.
#ifndef STOA_BLEND_H
#define STOA_BLEND_H

#include <stdint.h>

#define STOA_BLEND(BITS)                                                                                           \
    /** Copies `values` to `target` at the set places of `mask`. Reads and writes 64 values of both. */            \
    static inline void stoa_blend_##BITS(const uint##BITS##_t *values, uint64_t mask, uint##BITS##_t *target) {    \
        for (int row = 0; row < 64; row++) {                                                                       \
            uint##BITS##_t chosen = (uint##BITS##_t)(0 - ((mask >> row) & 1));                                     \
            target[row] = (uint##BITS##_t)((values[row] & chosen) | (target[row] & (uint##BITS##_t)~chosen));      \
        }                                                                                                          \
    }

STOA_BLEND(8)
STOA_BLEND(16)
STOA_BLEND(32)
STOA_BLEND(64)

#undef STOA_BLEND

#endif
