/* How numbers come from memory and go back: any dtype in, any float out, stores that pass the cache by. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "bits.h"

/* How an operand's numbers are coded. A code and SWAPPED: in the other byte order. */
enum code { CODE_FLOAT, CODE_DOUBLE, CODE_HALF, CODE_BFLOAT, CODE_LONG_DOUBLE, CODE_BOOL,
            CODE_INT8, CODE_INT16, CODE_INT32, CODE_INT64, CODE_UINT8, CODE_UINT16, CODE_UINT32, CODE_UINT64, SWAPPED = 32 };

/* ---- 16-bit floats ---------------------------------------------------------------------------------------------------- */

/* Shifted into place the exponent is 112 too small, which a multiplication puts right for normal and subnormal numbers alike;
 * infinities and NaN get the widest exponent instead. */
static inline float float_of_half(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13, sign = (uint32_t)(half & 0x8000u) << 16;
    float finite = float_of(magnitude) * 0x1p112f;
    uint32_t bits = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : bits_of_float(finite);
    return float_of(bits | sign);
}

/* To nearest, ties to even. Subnormal results are rounded by adding a number whose last bit is theirs. */
static inline uint16_t half_of_float(float x) {
    uint32_t bits = bits_of_float(x), sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
    uint32_t normal = (magnitude - 0x38000000u + 0x0fffu + ((magnitude >> 13) & 1u)) >> 13;
    uint32_t subnormal = bits_of_float(float_of(magnitude) + 0.5f) - 0x3f000000u;
    uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
    uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    return (uint16_t)((magnitude >= 0x47800000u ? special : finite) | sign);
}

static inline float float_of_bfloat(uint16_t bfloat) { return float_of((uint32_t)bfloat << 16); }

static inline uint16_t bfloat_of_float(float x) {
    uint32_t bits = bits_of_float(x);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x0040u : rounded);
}

/* Towards 0, and odd unless exact: what is rounded once more from this is rounded as from the double. */
static inline float odd_float(double x) {
    float nearest = (float)x;
    uint32_t bits = bits_of_float(nearest);
    double kept = (double)nearest, size = kept < 0 ? -kept : kept, whole = x < 0 ? -x : x;
    bits -= size > whole;
    return float_of((double)float_of(bits) == x || x != x ? bits : bits | 1u);
}

/* ---- numbers of any dtype, `step` bytes apart ---------------------------------------------------------------------------- */

static inline void ordered(char *bytes, const char *x, int size, int swapped) {
    for (int k = 0; k < size; k++) bytes[k] = x[swapped ? size - 1 - k : k];
}

/* y[i] = each number as `convert` makes it of a `type`; neighbours in a loop of their own, which the compiler vectorises. */
#define LOAD(type, convert)                                                                                             \
    if (swapped)                                                                                                        \
        for (ptrdiff_t i = 0; i < n; i++) { type v; char b[16]; ordered(b, x + i * step, sizeof v, 1); memcpy(&v, b, sizeof v); y[i] = convert(v); } \
    else if (step == (ptrdiff_t)sizeof(type))                                                                           \
        for (ptrdiff_t i = 0; i < n; i++) { type v; memcpy(&v, x + i * (ptrdiff_t)sizeof v, sizeof v); y[i] = convert(v); } \
    else                                                                                                                \
        for (ptrdiff_t i = 0; i < n; i++) { type v; memcpy(&v, x + i * step, sizeof v); y[i] = convert(v); }            \
    break;

#define LOADER(name, number, halves)                                                                                    \
    static void name(const char *restrict x, ptrdiff_t step, int code, number *restrict y, ptrdiff_t n) {               \
        int swapped = code & SWAPPED;                                                                                   \
        switch (code & ~SWAPPED) {                                                                                      \
            case CODE_FLOAT: LOAD(float, (number))                                                                      \
            case CODE_DOUBLE: LOAD(double, (number))                                                                    \
            case CODE_HALF: IN_EIGHTS(halves, 2, 1) LOAD(uint16_t, float_of_half)                                       \
            case CODE_BFLOAT: LOAD(uint16_t, float_of_bfloat)                                                           \
            case CODE_LONG_DOUBLE: LOAD(long double, (number))                                                          \
            case CODE_BOOL: case CODE_UINT8: LOAD(uint8_t, (number))                                                    \
            case CODE_INT8: LOAD(int8_t, (number))                                                                      \
            case CODE_INT16: LOAD(int16_t, (number))                                                                    \
            case CODE_INT32: LOAD(int32_t, (number))                                                                    \
            case CODE_INT64: LOAD(int64_t, (number))                                                                    \
            case CODE_UINT16: LOAD(uint16_t, (number))                                                                  \
            case CODE_UINT32: LOAD(uint32_t, (number))                                                                  \
            default: LOAD(uint64_t, (number))                                                                           \
        }                                                                                                               \
    }

/* Where the processor has instructions for binary16, they take neighbours eight at a time. */
#if defined(__F16C__)
static inline void halves_to_f(const char *x, float *y, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 8) _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + 2 * i))));
}
static inline void halves_to_d(const char *x, double *y, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 8) {
        __m256 wide = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + 2 * i)));
        _mm256_storeu_pd(y + i, _mm256_cvtps_pd(_mm256_castps256_ps128(wide)));
        _mm256_storeu_pd(y + i + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(wide, 1)));
    }
}
static inline void halves_of_f(const float *x, char *y, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 8)
        _mm_storeu_si128((__m128i *)(y + 2 * i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
}
#define IN_EIGHTS(function, in, out) \
    if (!swapped && step == 2) { ptrdiff_t m = n & ~(ptrdiff_t)7; function(x, y, m); x += in * m, y += out * m, n -= m; }
#else
#define IN_EIGHTS(function, in, out)
#endif

LOADER(load_f, float, halves_to_f)
LOADER(load_d, double, halves_to_d)

/* Class ids. What is beyond every id there may be, is beyond it as an int64 too. */
static void load_ids(const char *restrict x, ptrdiff_t step, int code, int64_t *restrict y, ptrdiff_t n) {
    int swapped = code & SWAPPED;
    switch (code & ~SWAPPED) {
        case CODE_INT8: LOAD(int8_t, (int64_t))
        case CODE_INT16: LOAD(int16_t, (int64_t))
        case CODE_INT32: LOAD(int32_t, (int64_t))
        case CODE_INT64: LOAD(int64_t, (int64_t))
        case CODE_UINT8: LOAD(uint8_t, (int64_t))
        case CODE_UINT16: LOAD(uint16_t, (int64_t))
        case CODE_UINT32: LOAD(uint32_t, (int64_t))
        default: LOAD(uint64_t, (int64_t))
    }
}

/* ---- floats out, rounded once ------------------------------------------------------------------------------------------ */

#define STORE(type, convert)                                                                                            \
    if (swapped)                                                                                                        \
        for (ptrdiff_t i = 0; i < n; i++) { type v = (type)convert(x[i]); char b[16]; memcpy(b, &v, sizeof v); ordered(y + i * step, b, sizeof v, 1); } \
    else if (step == (ptrdiff_t)sizeof(type))                                                                           \
        for (ptrdiff_t i = 0; i < n; i++) { type v = (type)convert(x[i]); memcpy(y + i * (ptrdiff_t)sizeof v, &v, sizeof v); } \
    else                                                                                                                \
        for (ptrdiff_t i = 0; i < n; i++) { type v = (type)convert(x[i]); memcpy(y + i * step, &v, sizeof v); }         \
    break;

static void store_f(const float *restrict x, char *restrict y, ptrdiff_t step, int code, ptrdiff_t n) {
    int swapped = code & SWAPPED;
    switch (code & ~SWAPPED) {
        case CODE_HALF: IN_EIGHTS(halves_of_f, 1, 2) STORE(uint16_t, half_of_float)
        case CODE_BFLOAT: STORE(uint16_t, bfloat_of_float)
        default: STORE(float, )
    }
}

static inline uint16_t half_of_double(double x) { return half_of_float(odd_float(x)); }
static inline uint16_t bfloat_of_double(double x) { return bfloat_of_float(odd_float(x)); }

static void store_d(const double *restrict x, char *restrict y, ptrdiff_t step, int code, ptrdiff_t n) {
    int swapped = code & SWAPPED;
    switch (code & ~SWAPPED) {
        case CODE_HALF: STORE(uint16_t, half_of_double)
        case CODE_BFLOAT: STORE(uint16_t, bfloat_of_double)
        case CODE_FLOAT: STORE(float, (float))
        default: STORE(double, )
    }
}

/* Around the cache: the output's old contents are never read, a third of a gradient's traffic saved. Whole cache lines, which begin
 * at one. Call stream_fence() before anyone reads. */
static inline void pass_by(const void *from, void *to, ptrdiff_t bytes) {
#if defined(__AVX512F__)
    for (ptrdiff_t i = 0; i < bytes; i += 64) _mm512_stream_si512((__m512i *)((char *)to + i), _mm512_loadu_si512((const char *)from + i));
#elif defined(__AVX__)
    for (ptrdiff_t i = 0; i < bytes; i += 32)
        _mm256_stream_si256((__m256i *)((char *)to + i), _mm256_loadu_si256((const __m256i *)((const char *)from + i)));
#elif defined(__SSE2__)
    for (ptrdiff_t i = 0; i < bytes; i += 16)
        _mm_stream_si128((__m128i *)((char *)to + i), _mm_loadu_si128((const __m128i *)((const char *)from + i)));
#else
    memcpy(to, from, (size_t)bytes);
#endif
}

/* The same wherever they begin: ragged ends are copied the ordinary way. */
static inline void stream_out(const void *from, char *out, ptrdiff_t bytes) {
    const char *in = (const char *)from;
#if defined(__SSE2__)
    ptrdiff_t head = (ptrdiff_t)(-(uintptr_t)out & 63);
    if (head > bytes) head = bytes;
    memcpy(out, in, (size_t)head);
    out += head, in += head, bytes -= head;
    ptrdiff_t lines = bytes & ~(ptrdiff_t)63;
    pass_by(in, out, lines);
    out += lines, in += lines, bytes -= lines;
#endif
    memcpy(out, in, (size_t)bytes);
}

static inline void stream_fence(void) {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/* ---- rows to class-major blocks -------------------------------------------------------------------------------------------- */

/* y[j * padded + i] = class j of row i, 0 beyond the last row: a class's numbers, `row` bytes apart, come side by side. */
#define COLLECT_ONE_BY_ONE(number)                                                                                      \
    for (ptrdiff_t j = 0; j < classes; j++, x += step, y += padded) {                                                   \
        for (ptrdiff_t i = 0; i < n; i++) memcpy(y + i, x + i * row, sizeof *y);                                        \
        for (ptrdiff_t i = n; i < padded; i++) y[i] = 0;                                                                \
    }

#if defined(__AVX512F__)
#define COLLECT(number, width, suffix, index_vector, index_of, mask)                                                    \
    if (row < (1 << 26) && row > -(1 << 26)) {                                                                          \
        index_vector index = index_of;                                                                                  \
        for (ptrdiff_t j = 0; j < classes; j++, x += step, y += padded)                                                 \
            for (ptrdiff_t i = 0; i < padded; i += width) {                                                             \
                ptrdiff_t left = n - i < 0 ? 0 : n - i;                                                                 \
                mask some = (mask)(left < width ? (1u << left) - 1 : (1u << width) - 1);                                \
                _mm512_storeu_##suffix(y + i, left == 0 ? _mm512_setzero_##suffix() : _mm512_mask_i32gather_##suffix(   \
                    _mm512_setzero_##suffix(), some, index, x + i * row, 1));                                           \
            }                                                                                                           \
        return;                                                                                                         \
    }
static void collect_f(const char *x, ptrdiff_t row, ptrdiff_t step, float *y, ptrdiff_t n, ptrdiff_t classes, ptrdiff_t padded) {
    COLLECT(float, 16, ps, __m512i, _mm512_mullo_epi32(_mm512_set1_epi32((int)row),
            _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)), __mmask16)
    COLLECT_ONE_BY_ONE(float)
}
static void collect_d(const char *x, ptrdiff_t row, ptrdiff_t step, double *y, ptrdiff_t n, ptrdiff_t classes, ptrdiff_t padded) {
    COLLECT(double, 8, pd, __m256i, _mm256_mullo_epi32(_mm256_set1_epi32((int)row), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)), __mmask8)
    COLLECT_ONE_BY_ONE(double)
}
#else
static void collect_f(const char *x, ptrdiff_t row, ptrdiff_t step, float *y, ptrdiff_t n, ptrdiff_t classes, ptrdiff_t padded) {
#if defined(__AVX2__)
    if (n % 8 == 0 && row < (1 << 26) && row > -(1 << 26)) {
        __m256i index = _mm256_mullo_epi32(_mm256_set1_epi32((int)row), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
        for (ptrdiff_t j = 0; j < classes; j++, x += step, y += padded) {
            for (ptrdiff_t i = 0; i < n; i += 8) _mm256_storeu_ps(y + i, _mm256_i32gather_ps((const float *)(x + i * row), index, 1));
            for (ptrdiff_t i = n; i < padded; i++) y[i] = 0;
        }
        return;
    }
#endif
    COLLECT_ONE_BY_ONE(float)
}
static void collect_d(const char *x, ptrdiff_t row, ptrdiff_t step, double *y, ptrdiff_t n, ptrdiff_t classes, ptrdiff_t padded) {
    COLLECT_ONE_BY_ONE(double)
}
#endif

/* ---- by a table: y[k] = x[table[k]], n a multiple of 32. The compiler does not think gather instructions worth it. ---------- */

static void gather_f(const float *x, const int32_t *table, float *y, ptrdiff_t n) {
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

static void gather_d(const double *x, const int32_t *table, double *y, ptrdiff_t n) {
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
