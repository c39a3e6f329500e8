#include "StoaVectorISA.h"

#ifdef __x86_64__

// The compiler defines such a macro as 1 when it may use the extension: expanded and spelled it begins with that digit,
// and with an underscore otherwise.
#define STOA_SPELLED(macro) #macro
#define STOA_IS_DEFINED(macro) (STOA_SPELLED(macro)[0] == '1')
#define STOA_FEATURE(name, macro) {name, STOA_IS_DEFINED(macro), __builtin_cpu_supports(name) != 0}

size_t stoa_isa_features(stoa_isa_feature *features, size_t capacity) {
    __builtin_cpu_init();
    const stoa_isa_feature all[] = {
        STOA_FEATURE("sse4.2", __SSE4_2__),
        STOA_FEATURE("popcnt", __POPCNT__),
        STOA_FEATURE("avx", __AVX__),
        STOA_FEATURE("avx2", __AVX2__),
        STOA_FEATURE("fma", __FMA__),
        STOA_FEATURE("bmi", __BMI__),
        STOA_FEATURE("bmi2", __BMI2__),
        STOA_FEATURE("avx512f", __AVX512F__),
        STOA_FEATURE("avx512bw", __AVX512BW__),
        STOA_FEATURE("avx512dq", __AVX512DQ__),
        STOA_FEATURE("avx512vl", __AVX512VL__),
        STOA_FEATURE("avx512cd", __AVX512CD__),
        STOA_FEATURE("avx512vbmi", __AVX512VBMI__),
        STOA_FEATURE("avx512vbmi2", __AVX512VBMI2__),
        STOA_FEATURE("avx512bitalg", __AVX512BITALG__),
        STOA_FEATURE("avx512vpopcntdq", __AVX512VPOPCNTDQ__),
        STOA_FEATURE("avx512ifma", __AVX512IFMA__),
        STOA_FEATURE("avx512vnni", __AVX512VNNI__),
        STOA_FEATURE("avx512bf16", __AVX512BF16__),
        STOA_FEATURE("gfni", __GFNI__),
    };
    size_t count = sizeof(all) / sizeof(all[0]);
    for (size_t i = 0; i < count && i < capacity; i++) features[i] = all[i];
    return count;
}

#else

size_t stoa_isa_features(stoa_isa_feature *features, size_t capacity) {
    (void)features;
    (void)capacity;
    return 0;
}

#endif
