/* What the compiler does not make of a loop: the last step of a sum in 32 lanes, eight by eight and those in turn; and the place of
 * the first number that is 1, n being a multiple of 32 (-1: there is none). */
#pragma once
#include <stddef.h>
#include <string.h>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#if defined(__GNUC__)
typedef double eight_doubles __attribute__((vector_size(64)));

static inline double folded(const double *lane) {
    eight_doubles a, b, c, d;
    memcpy(&a, lane, 64), memcpy(&b, lane + 8, 64), memcpy(&c, lane + 16, 64), memcpy(&d, lane + 24, 64);
    a = (a + b) + (c + d);
    double sum = 0;
    for (int k = 0; k < 8; k++) sum += a[k];
    return sum;
}
#else
static inline double folded(const double *lane) {
    double sum = 0;
    for (int k = 0; k < 8; k++) sum += (lane[k] + lane[k + 8]) + (lane[k + 16] + lane[k + 24]);
    return sum;
}
#endif

#if defined(__AVX512F__)
#define FIRST_ONE(name, number, width, suffix)                                                                          \
    static inline ptrdiff_t name(const number *x, ptrdiff_t n) {                                                        \
        for (ptrdiff_t i = 0; i < n; i += width) {                                                                      \
            unsigned ones = _mm512_cmp_##suffix##_mask(_mm512_loadu_##suffix(x + i), _mm512_set1_##suffix(1), _CMP_EQ_OQ); \
            if (ones) return i + __builtin_ctz(ones);                                                                   \
        }                                                                                                               \
        return -1;                                                                                                      \
    }
FIRST_ONE(first_one_f, float, 16, ps)
FIRST_ONE(first_one_d, double, 8, pd)
#elif defined(__AVX__)
#define FIRST_ONE(name, number, width, suffix)                                                                          \
    static inline ptrdiff_t name(const number *x, ptrdiff_t n) {                                                        \
        for (ptrdiff_t i = 0; i < n; i += width) {                                                                      \
            int ones = _mm256_movemask_##suffix(_mm256_cmp_##suffix(_mm256_loadu_##suffix(x + i), _mm256_set1_##suffix(1), _CMP_EQ_OQ)); \
            if (ones) return i + __builtin_ctz((unsigned)ones);                                                         \
        }                                                                                                               \
        return -1;                                                                                                      \
    }
FIRST_ONE(first_one_f, float, 8, ps)
FIRST_ONE(first_one_d, double, 4, pd)
#else
#define FIRST_ONE(name, number)                                                                                         \
    static inline ptrdiff_t name(const number *x, ptrdiff_t n) {                                                        \
        for (ptrdiff_t i = 0; i < n; i += 8) {                                                                          \
            int any = 0;                                                                                                \
            for (int k = 0; k < 8; k++) any |= x[i + k] == 1;                                                           \
            if (any) for (int k = 0; k < 8; k++) if (x[i + k] == 1) return i + k;                                       \
        }                                                                                                               \
        return -1;                                                                                                      \
    }
FIRST_ONE(first_one_f, float)
FIRST_ONE(first_one_d, double)
#endif
