/* How tiles come from memory and go back: 16-bit floats widened and narrowed, stores that pass the cache by. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "vecmath.h" /* float_of, bits_of_float, INDEPENDENT */

/* binary16 -> binary32. Shifted into place the exponent is 112 too small, which a multiplication puts right for normal and
 * subnormal numbers alike; infinities and NaN get the widest exponent instead. */
static inline float float_of_half(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13, sign = (uint32_t)(half & 0x8000u) << 16;
    float finite = float_of(magnitude) * 0x1p112f;
    uint32_t bits = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : bits_of_float(finite);
    return float_of(bits | sign);
}

/* binary32 -> binary16, to nearest, ties to even. Subnormal results are rounded by adding a number whose last bit is theirs. */
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

#define CONVERT(name, from, to, function)                                          \
    static inline void name(const void *source, void *target, ptrdiff_t n) {       \
        const from *x = (const from *)source;                                      \
        to *y = (to *)target;                                                      \
        INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) y[i] = (to)function(x[i]);   \
    }

CONVERT(float_of_halves, uint16_t, float, float_of_half)
CONVERT(double_of_halves, uint16_t, double, float_of_half)
CONVERT(float_of_bfloats, uint16_t, float, float_of_bfloat)
CONVERT(double_of_bfloats, uint16_t, double, float_of_bfloat)
CONVERT(halves_of_float, float, uint16_t, half_of_float)
CONVERT(bfloats_of_float, float, uint16_t, bfloat_of_float)

/* Copy around the cache: the output's old contents are never read, a third of a gradient's traffic saved.
 * Whole cache lines only; the ragged ends are copied the ordinary way. Call stream_fence() before anyone reads. */
static inline void stream_out(void *to, const void *from, ptrdiff_t bytes) {
    char *out = (char *)to;
    const char *in = (const char *)from;
#if defined(__SSE2__)
    ptrdiff_t head = (ptrdiff_t)(-(uintptr_t)out & 63);
    if (head > bytes) head = bytes;
    memcpy(out, in, (size_t)head);
    out += head, in += head, bytes -= head;
    for (; bytes >= 64; out += 64, in += 64, bytes -= 64) {
#if defined(__AVX512F__)
        _mm512_stream_si512((__m512i *)out, _mm512_loadu_si512(in));
#elif defined(__AVX__)
        __m256i a = _mm256_loadu_si256((const __m256i *)in), b = _mm256_loadu_si256((const __m256i *)(in + 32));
        _mm256_stream_si256((__m256i *)out, a);
        _mm256_stream_si256((__m256i *)(out + 32), b);
#else
        for (int i = 0; i < 64; i += 16)
            _mm_stream_si128((__m128i *)(out + i), _mm_loadu_si128((const __m128i *)(in + i)));
#endif
    }
#endif
    memcpy(out, in, (size_t)bytes);
}

/* Ask for memory that will be read soon. The processor's own guess does not reach far enough ahead of loops like these. */
static inline void fetch(const void *from, ptrdiff_t bytes) {
#if defined(__GNUC__)
    for (ptrdiff_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)from + i);
#endif
}

static inline void stream_fence(void) {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}
