// Elementary operations that are one machine instruction, in a form that vectorises.
#ifndef STOA_MATH_H
#define STOA_MATH_H

/// The correctly rounded square root. `squareRoot()` of Swift goes through the C function, whose errno keeps loops scalar.
static inline double stoa_square_root(double value) { return __builtin_elementwise_sqrt(value); }

#endif
