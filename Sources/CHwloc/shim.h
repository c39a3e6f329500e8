#if !__has_include(<hwloc.h>)
#error "Stoa needs hwloc: run 'make deps' in Stoa's folder, or install libhwloc-dev and pkg-config."
#else
#include <hwloc.h>
#endif
