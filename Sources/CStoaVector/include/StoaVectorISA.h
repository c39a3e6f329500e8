// Which instructions this build was compiled for, and which of them the machine has.
#ifndef STOA_VECTOR_ISA_H
#define STOA_VECTOR_ISA_H

#include <stdbool.h>
#include <stddef.h>

// One instruction set extension that a build may use.
typedef struct {
    const char *name;
    bool is_compiled; // the compiler was allowed to use it
    bool is_present;  // the machine has it, and the operating system keeps its registers
} stoa_isa_feature;

// Writes at most `capacity` features and returns how many there are; none on architectures other than x86-64.
size_t stoa_isa_features(stoa_isa_feature *features, size_t capacity);

#endif
