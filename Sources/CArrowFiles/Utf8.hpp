// Whether text is UTF-8, as Arrow promises and files may not keep.
#pragma once

#include <arrow/array.h>

#include <cstdint>

#include "Failure.hpp"

namespace stoa {

/// Number of the first of `rows` texts that is not UTF-8, or -1. They stand one behind the other from `starts[0]`, which
/// is 0, to `starts[rows]`. Cost: where all is ASCII a streaming read.
int64_t first_not_utf8(const uint8_t *bytes, const int32_t *starts, int64_t rows);

/// The failure of a text that is not UTF-8.
Failure not_utf8(const uint8_t *text, int64_t size);

/// Fails on an array of text, encoded or not, that is not UTF-8; other arrays pass. Cost: a look at each text.
void check_utf8(const arrow::Array &array);

}  // namespace stoa
