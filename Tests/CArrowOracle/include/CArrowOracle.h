// Arrow C++ as the other side of the C Data Interface, for tests.
#ifndef STOA_C_ARROW_ORACLE_H
#define STOA_C_ARROW_ORACLE_H

#ifdef __cplusplus
// The same structs: in C++20 clang would want CArrowABI as a built module.
#include <arrow/c/abi.h>
#else
#include <CArrowABI.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Makes rows `first` up to `first + length` of the record batch of type `type` (consumed) that `json` describes, a list of
// objects. Returns 0, or 1 with a message of at most `capacity` bytes.
int arrow_oracle_make(struct ArrowSchema *type, const char *json, int64_t first, int64_t length,
                      struct ArrowArray *array, struct ArrowSchema *schema, char *message, int64_t capacity);

// Makes a batch of one dictionary-encoded column `name` of type `type` (consumed, a struct of that column) from its codes
// and its dictionary, each a list in JSON.
int arrow_oracle_make_dictionary(struct ArrowSchema *type, const char *codes, const char *dictionary,
                                 struct ArrowArray *array, struct ArrowSchema *schema, char *message,
                                 int64_t capacity);

// Imports a record batch (consumed), validates it in full, and exports it again.
int arrow_oracle_round_trip(struct ArrowArray *array, struct ArrowSchema *schema, char *message, int64_t capacity);

// Imports a record batch (consumed), validates it in full, and compares it with the one that `json` describes.
int arrow_oracle_compare(struct ArrowArray *array, struct ArrowSchema *schema, const char *json, char *message,
                         int64_t capacity);

// Imports a stream (consumed), validates every batch in full, and exports the batches again as a stream.
int arrow_oracle_round_trip_stream(struct ArrowArrayStream *stream, char *message, int64_t capacity);

// Bytes that Arrow C++ holds now in its own allocations.
int64_t arrow_oracle_allocated_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
