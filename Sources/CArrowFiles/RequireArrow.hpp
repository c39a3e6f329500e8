// The manifest includes this before every source of the target, so that a missing Arrow C++ is told first and in words.
#if !__has_include(<arrow/api.h>) || !__has_include(<parquet/api/reader.h>)
#error "Stoa needs Arrow C++: run 'make deps' in Stoa's folder, or install libarrow-dev and libparquet-dev."
#endif
