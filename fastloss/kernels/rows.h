/* What rows of classes need beside vecmath.h: the maximum of many numbers, and numbers of any dtype one at a time. */
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "memory.h" /* float_of_half, float_of_bfloat */

#if defined(__AVX512F__)
#define MAX_WIDTH_F 16
#define MAX_WIDTH_D 8
#define MAX_F(x, m) _mm512_max_ps(_mm512_loadu_ps(x), m)
#define MAX_D(x, m) _mm512_max_pd(_mm512_loadu_pd(x), m)
#define START_F _mm512_set1_ps(-INFINITY)
#define START_D _mm512_set1_pd(-INFINITY)
typedef __m512 max_f_vector;
typedef __m512d max_d_vector;
#elif defined(__AVX__)
#define MAX_WIDTH_F 8
#define MAX_WIDTH_D 4
#define MAX_F(x, m) _mm256_max_ps(_mm256_loadu_ps(x), m)
#define MAX_D(x, m) _mm256_max_pd(_mm256_loadu_pd(x), m)
#define START_F _mm256_set1_ps(-INFINITY)
#define START_D _mm256_set1_pd(-INFINITY)
typedef __m256 max_f_vector;
typedef __m256d max_d_vector;
#elif defined(__SSE2__)
#define MAX_WIDTH_F 4
#define MAX_WIDTH_D 2
#define MAX_F(x, m) _mm_max_ps(_mm_loadu_ps(x), m)
#define MAX_D(x, m) _mm_max_pd(_mm_loadu_pd(x), m)
#define START_F _mm_set1_ps(-INFINITY)
#define START_D _mm_set1_pd(-INFINITY)
typedef __m128 max_f_vector;
typedef __m128d max_d_vector;
#else
#define MAX_WIDTH_F 1
#define MAX_WIDTH_D 1
#define MAX_F(x, m) (*(x) > (m) ? *(x) : (m))
#define MAX_D(x, m) (*(x) > (m) ? *(x) : (m))
#define START_F -INFINITY
#define START_D -INFINITY
typedef float max_f_vector;
typedef double max_d_vector;
#endif

/* The greatest of n numbers; NaN is passed over (it shows in the sum). The compiler would not vectorise it: for it, the
 * order of the comparisons matters. */
#define GREATEST(name, number, vector, width, max, start)                                                           \
    static inline number name(const number *x, ptrdiff_t n) {                                                       \
        vector a = start, b = start, c = start, d = start;                                                          \
        ptrdiff_t i = 0;                                                                                            \
        for (; i + 4 * width <= n; i += 4 * width)                                                                  \
            a = max(x + i, a), b = max(x + i + width, b), c = max(x + i + 2 * width, c), d = max(x + i + 3 * width, d); \
        for (; i + width <= n; i += width) a = max(x + i, a);                                                       \
        number lanes[4 * width], m = -INFINITY;                                                                     \
        memcpy(lanes, &a, sizeof a);                                                                                \
        memcpy(lanes + width, &b, sizeof a);                                                                        \
        memcpy(lanes + 2 * width, &c, sizeof a);                                                                    \
        memcpy(lanes + 3 * width, &d, sizeof a);                                                                    \
        for (int k = 0; k < width; k++) {                                                                           \
            number p = lanes[k] > lanes[k + width] ? lanes[k] : lanes[k + width];                                   \
            number q = lanes[k + 2 * width] > lanes[k + 3 * width] ? lanes[k + 2 * width] : lanes[k + 3 * width];   \
            lanes[k] = p > q ? p : q;                                                                               \
        }                                                                                                           \
        for (int half = width / 2; half > 0; half /= 2)                                                             \
            for (int k = 0; k < half; k++) lanes[k] = lanes[k] > lanes[k + half] ? lanes[k] : lanes[k + half];      \
        m = lanes[0];                                                                                               \
        for (; i < n; i++) m = x[i] > m ? x[i] : m;                                                                 \
        return m;                                                                                                   \
    }

GREATEST(greatest_f, float, max_f_vector, MAX_WIDTH_F, MAX_F, START_F)
GREATEST(greatest_d, double, max_d_vector, MAX_WIDTH_D, MAX_D, START_D)

/* y[k] = x[table[k]], n a multiple of 32. The compiler has gather instructions but does not think them worth it. */
static inline void gather_f(const float *x, const int32_t *table, float *y, ptrdiff_t n) {
#if defined(__AVX512F__)
    for (ptrdiff_t k = 0; k < n; k += 16)
        _mm512_storeu_ps(y + k, _mm512_i32gather_ps(_mm512_loadu_si512(table + k), x, 4));
#elif defined(__AVX2__)
    for (ptrdiff_t k = 0; k < n; k += 8)
        _mm256_storeu_ps(y + k, _mm256_i32gather_ps(x, _mm256_loadu_si256((const __m256i *)(table + k)), 4));
#else
    for (ptrdiff_t k = 0; k < n; k++) y[k] = x[table[k]];
#endif
}

static inline void gather_d(const double *x, const int32_t *table, double *y, ptrdiff_t n) {
#if defined(__AVX512F__)
    for (ptrdiff_t k = 0; k < n; k += 8)
        _mm512_storeu_pd(y + k, _mm512_i32gather_pd(_mm256_loadu_si256((const __m256i *)(table + k)), x, 8));
#elif defined(__AVX2__)
    for (ptrdiff_t k = 0; k < n; k += 4)
        _mm256_storeu_pd(y + k, _mm256_i32gather_pd(x, _mm_loadu_si128((const __m128i *)(table + k)), 8));
#else
    for (ptrdiff_t k = 0; k < n; k++) y[k] = x[table[k]];
#endif
}

/* One number of any real dtype, by NumPy's code for it: what no loop is worth. */
enum coding { CODE_FLOAT, CODE_DOUBLE, CODE_HALF, CODE_BFLOAT, CODE_LONG_DOUBLE, CODE_BOOL,
              CODE_INT8, CODE_INT16, CODE_INT32, CODE_INT64, CODE_UINT8, CODE_UINT16, CODE_UINT32, CODE_UINT64 };

#define READ(type) { type v; memcpy(&v, bytes, sizeof v); return v; }
#define READ_INTEGERS                                                                               \
    case CODE_BOOL: case CODE_UINT8: READ(uint8_t)                                                  \
    case CODE_INT8: READ(int8_t)                                                                    \
    case CODE_INT16: READ(int16_t)                                                                  \
    case CODE_INT32: READ(int32_t)                                                                  \
    case CODE_INT64: READ(int64_t)                                                                  \
    case CODE_UINT16: READ(uint16_t)                                                                \
    case CODE_UINT32: READ(uint32_t)

static inline void unswapped(char *bytes, const char *x, int size, int swapped) {
    for (int k = 0; k < size; k++) bytes[k] = x[swapped ? size - 1 - k : k];
}

static double number_at(const char *x, int code, int size, int swapped) {
    char bytes[32];
    unswapped(bytes, x, size, swapped);
    switch (code) {
        READ_INTEGERS
        case CODE_UINT64: READ(uint64_t)
        case CODE_FLOAT: READ(float)
        case CODE_LONG_DOUBLE: READ(long double)
        case CODE_HALF: { uint16_t v; memcpy(&v, bytes, 2); return float_of_half(v); }
        case CODE_BFLOAT: { uint16_t v; memcpy(&v, bytes, 2); return float_of_bfloat(v); }
        default: READ(double)
    }
}

static int64_t integer_at(const char *x, int code, int size, int swapped) {
    char bytes[32];
    unswapped(bytes, x, size, swapped);
    switch (code) {
        READ_INTEGERS
        default: { uint64_t v; memcpy(&v, bytes, 8); return (int64_t)v; } /* beyond INT64_MAX it is negative: no such class */
    }
}
