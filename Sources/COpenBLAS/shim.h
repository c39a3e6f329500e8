#if !__has_include(<cblas.h>)
#error "Stoa needs OpenBLAS: run 'make deps' in Stoa's folder, or install libopenblas-dev and pkg-config."
#else
#include <cblas.h>
#endif
