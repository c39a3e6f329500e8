// Float to integer conversions that the caller has checked: a plain instruction, without the trap of Swift's own.
#ifndef STOA_CONVERT_H
#define STOA_CONVERT_H

#include <stdint.h>

/// `value` without its fraction; it must lie in the range of int64_t.
static inline int64_t stoa_int64_of_f64(double value) { return (int64_t)value; }
/// `value` without its fraction; it must lie in the range of int64_t.
static inline int64_t stoa_int64_of_f32(float value) { return (int64_t)value; }
/// `value` without its fraction; it must lie in the range of uint64_t.
static inline uint64_t stoa_uint64_of_f64(double value) { return (uint64_t)value; }
/// `value` without its fraction; it must lie in the range of uint64_t.
static inline uint64_t stoa_uint64_of_f32(float value) { return (uint64_t)value; }

#endif
