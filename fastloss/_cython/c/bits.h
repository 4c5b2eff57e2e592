/* Numbers as their bits, and what loops tell the compiler. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define UNROLLED _Pragma("clang loop unroll_count(4)")
#define WRITTEN_OUT _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#define UNROLLED _Pragma("GCC unroll 4")
#define WRITTEN_OUT _Pragma("GCC unroll 32")
#else
#define INDEPENDENT
#define UNROLLED
#define WRITTEN_OUT
#endif

static inline float float_of(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline double double_of(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline uint32_t bits_of_float(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static inline uint64_t bits_of_double(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }

/* Ask for memory that will be read soon: the processor's own guess does not reach far enough ahead of loops like these. */
static inline void fetch(const void *from, ptrdiff_t bytes) {
#if defined(__GNUC__)
    for (ptrdiff_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)from + i);
#else
    (void)from, (void)bytes;
#endif
}
