// Where 64 keys lie to two bounds.
#ifndef STOA_PLACE_H
#define STOA_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "StoaVectorReduce.h"

// Bit r of each word is about keys[r].
typedef struct {
    uint64_t below_low;  // keys[r] < low
    uint64_t up_to_low;  // keys[r] <= low
    uint64_t below_high; // keys[r] < high
    uint64_t up_to_high; // keys[r] <= high
} stoa_places;

/// The places of 64 keys.
static inline stoa_places stoa_place_i64(const int64_t *keys, int64_t low, int64_t high) {
    typedef int64_t lanes __attribute__((ext_vector_type(8)));
    typedef bool flags __attribute__((ext_vector_type(8)));
    stoa_places places = {0, 0, 0, 0};
    for (int step = 0; step < 8; step++) {
        lanes values;
        memcpy(&values, keys + step * 8, sizeof values);
        flags below_low = __builtin_convertvector(values < low, flags);
        flags up_to_low = __builtin_convertvector(values <= low, flags);
        flags below_high = __builtin_convertvector(values < high, flags);
        flags up_to_high = __builtin_convertvector(values <= high, flags);
        uint8_t bits[4];
        memcpy(&bits[0], &below_low, 1);
        memcpy(&bits[1], &up_to_low, 1);
        memcpy(&bits[2], &below_high, 1);
        memcpy(&bits[3], &up_to_high, 1);
        places.below_low |= (uint64_t)bits[0] << (step * 8);
        places.up_to_low |= (uint64_t)bits[1] << (step * 8);
        places.below_high |= (uint64_t)bits[2] << (step * 8);
        places.up_to_high |= (uint64_t)bits[3] << (step * 8);
    }
    return places;
}

// Bit r of each word is about lane r.
typedef struct {
    uint32_t up_to_low; // at most low
    uint32_t inside;    // strictly between the bounds
} stoa_sides;

/// The sides of 16 keys to the bounds `low` and `low + inner + 1`: of what lies above low, the distance is less than
/// `inner` exactly between the bounds, and wraps around for what does not lie above.
static inline __attribute__((always_inline)) stoa_sides stoa_sides_i64x16(stoa_i64x16 keys, int64_t low, uint64_t inner) {
    typedef uint64_t distances __attribute__((ext_vector_type(16)));
    typedef bool flags __attribute__((ext_vector_type(16)));
    flags up_to_low = __builtin_convertvector(keys <= low, flags);
    flags inside = __builtin_convertvector((distances)keys - ((uint64_t)low + 1) < inner, flags);
    uint16_t bits[2];
    memcpy(&bits[0], &up_to_low, 2);
    memcpy(&bits[1], &inside, 2);
    return (stoa_sides){bits[0], bits[1]};
}

/// How many of the keys of so many vectors of 8 are less than `key`.
static inline int64_t stoa_count_less_i64(const int64_t *keys, int64_t vectors, int64_t key) {
    typedef int64_t lanes __attribute__((ext_vector_type(8)));
    lanes counts = 0;
    for (int64_t vector = 0; vector < vectors; vector++) {
        lanes values;
        memcpy(&values, keys + vector * 8, sizeof values);
        counts -= values < key;
    }
    return __builtin_reduce_add(counts);
}

#endif
