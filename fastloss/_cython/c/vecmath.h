/* The transcendental functions that losses are made of, over the arrays of a tile.
 *
 *   vexp     e^x           x <= 0; gradual underflow, -inf -> 0
 *   vgrow    e^x           any x; inf where it leaves the range
 *   vexpm1   e^x - 1       x <= 1
 *   vlog     log(x)        x >= 0; 0 -> -inf, inf -> inf
 *   vlogunit log(x + c)    the same, where c is what rounding took from x: 0 unless 1/2 <= x <= 1
 *   vlogsum  log(x + c)    the same, where c may come with any x > 0
 *   vlog1p   log(1 + e)    0 <= e <= 1
 *   vlogone  log(1 + x)    x > -3/4
 *   vroot    sqrt(x)       1 <= x < inf: r, from which root(x, r) is the root and over_root(y, x, r) is y over it
 *
 * Each takes n elements, n a multiple of 16, and may work in place. NaN goes through. Errors stay under 2 units in the
 * last place (most under 1). tools/polynomials.py derives the constants.
 *
 * Two implementations share these names. With AVX-512, vecmath_avx512.h looks constants up in registers. Elsewhere the
 * scalar functions below, branch-free and short, are what the compiler vectorises. Neither survives -ffast-math:
 * adding and subtracting ROUND is how a number is rounded to an integer.
 */
#pragma once
#include <float.h>
#include <math.h>
#include "bits.h"
#include "coefficients.h"

/* Quick looks at the bits, which order non-negative numbers as integers: is anything not in [+0, 1] (NaN and -0 count as
 * suspects), is anything strictly between, is anything but 1 and -1 there? Integers need no masks and half the instructions. */
static inline int beyond_unit_f(const float *x, ptrdiff_t n) {
    uint32_t top = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) { uint32_t b = bits_of_float(x[i]); top = b > top ? b : top; }
    return top > 0x3f800000u;
}

static inline int beyond_unit_d(const double *x, ptrdiff_t n) {
    uint64_t top = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) { uint64_t b = bits_of_double(x[i]); top = b > top ? b : top; }
    return top > 0x3ff0000000000000ull;
}

static inline int beyond_signs_f(const float *x, ptrdiff_t n) {
    uint32_t any = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) any |= bits_of_float(x[i]) ^ 0x3f800000u;
    return (any & 0x7fffffffu) != 0;
}

static inline int beyond_signs_d(const double *x, ptrdiff_t n) {
    uint64_t any = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) any |= bits_of_double(x[i]) ^ 0x3ff0000000000000ull;
    return (any & 0x7fffffffffffffffull) != 0;
}

/* The last while something else is computed, where there are registers for it. */
#ifdef __AVX512F__
#define IN_PASSING 1
#else
#define IN_PASSING 0
#endif
#if IN_PASSING
#include <immintrin.h>
typedef struct { __m512i any[4]; } Labels; /* what LANES labels at a time had of other bits than 1 */
static inline void no_labels(Labels *seen) {
    for (int k = 0; k < 4; k++) seen->any[k] = _mm512_setzero_si512();
}
static inline void look_f(Labels *seen, const float *x) {
    const __m512i one = _mm512_set1_epi32(0x3f800000);
    for (int k = 0; k < 2; k++) seen->any[k] = _mm512_ternarylogic_epi32(seen->any[k], _mm512_loadu_si512(x + 16 * k), one, 0xf6); /* a | (b ^ c) */
}
static inline void look_d(Labels *seen, const double *x) {
    const __m512i one = _mm512_set1_epi64(0x3ff0000000000000);
    for (int k = 0; k < 4; k++) seen->any[k] = _mm512_ternarylogic_epi64(seen->any[k], _mm512_loadu_si512(x + 8 * k), one, 0xf6);
}
static inline int strays_f(const Labels *seen) {
    return _mm512_test_epi32_mask(_mm512_or_si512(seen->any[0], seen->any[1]), _mm512_set1_epi32(0x7fffffff)) != 0;
}
static inline int strays_d(const Labels *seen) {
    __m512i any = _mm512_or_si512(_mm512_or_si512(seen->any[0], seen->any[1]), _mm512_or_si512(seen->any[2], seen->any[3]));
    return _mm512_test_epi64_mask(any, _mm512_set1_epi64(0x7fffffffffffffff)) != 0;
}
#else
typedef struct { int unused; } Labels;
static inline void no_labels(Labels *seen) { seen->unused = 0; }
static inline void look_f(Labels *seen, const float *x) { (void)seen, (void)x; }
static inline void look_d(Labels *seen, const double *x) { (void)seen, (void)x; }
static inline int strays_f(const Labels *seen) { return seen->unused; }
static inline int strays_d(const Labels *seen) { return seen->unused; }
#endif

static inline int inside_unit_f(const float *x, ptrdiff_t n) {
    uint32_t any = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) {
        uint32_t b = bits_of_float(x[i]), c = 0x3f800000u - b;
        any |= b < c ? b : c;
    }
    return any != 0;
}

static inline int inside_unit_d(const double *x, ptrdiff_t n) {
    uint64_t any = 0;
    UNROLLED
    for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) {
        uint64_t b = bits_of_double(x[i]), c = 0x3ff0000000000000ull - b;
        any |= b < c ? b : c;
    }
    return any != 0;
}

/* Whether any number is less than `bound`, or `bound` at most. */
#define ANY(name, number, is)                                                           \
    static inline int name(const number *x, ptrdiff_t n, number bound) {                \
        int any = 0;                                                                    \
        for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) any |= x[i] is bound;      \
        return any;                                                                     \
    }
ANY(below_f, float, <)
ANY(below_d, double, <)
ANY(at_most_f, float, <=)
ANY(at_most_d, double, <=)

/* Which numbers of a logarithm rounding has taken something from: none, those near 1, or any. */
enum { EXACT, UNIT, SUM };

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "vecmath_avx512.h"
#else

/* e^x = 2^k e^r. Below `tiny` the power of two is built 2^64 too large and taken back by a last multiplication, which
 * rounds once, as gradual underflow wants; beyond `huge` the other way round. What underflows to 0 is set to 0, because finding out costs 100 cycles. */
static inline float exp_with_f(float x, int any) {
    const float round = 12582912.0f + 254.0f; /* with the biases of two powers of two, halves of the whole */
    uint32_t counts = (uint32_t)0 - (uint32_t)!(x < -104.0f);
    float c = any && x > 89.0f ? 89.0f : x;
    float z = c * 1.44269504f + round, k = z - round;
    float r = (c - k * 0x1.62ep-1f) - k * 0x1.0bfbe8p-15f, q = r * r;
    float even = EXP_F[0] + q * (EXP_F[2] + q * EXP_F[4]), odd = EXP_F[1] + q * (EXP_F[3] + q * EXP_F[5]);
    float p = 1.0f + (r + q * (even + r * odd));
    uint32_t half = (bits_of_float(z) << 22) & 0xff800000u;
    float value = float_of(bits_of_float(p) & counts) * float_of(half) * float_of((bits_of_float(z) << 23) - half);
    return float_of(bits_of_float(value) & counts);
}

static inline double exp_with_d(double x, int any) {
    const double round = 6755399441055744.0 + 2046.0;
    uint64_t counts = (uint64_t)0 - (uint64_t)!(x < -745.2);
    double c = any && x > 710.0 ? 710.0 : x;
    double z = c * 1.4426950408889634 + round, k = z - round;
    double r = (c - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33, q = r * r;
    double even = EXP_D[0] + q * (EXP_D[2] + q * (EXP_D[4] + q * (EXP_D[6] + q * (EXP_D[8] + q * EXP_D[10]))));
    double odd = EXP_D[1] + q * (EXP_D[3] + q * (EXP_D[5] + q * (EXP_D[7] + q * EXP_D[9])));
    double p = 1.0 + (r + q * (even + r * odd));
    uint64_t half = (bits_of_double(z) << 51) & 0xfff0000000000000ull;
    double value = double_of(bits_of_double(p) & counts) * double_of(half) * double_of((bits_of_double(z) << 52) - half);
    return double_of(bits_of_double(value) & counts);
}

static inline float exp_f(float x) { return exp_with_f(x, 0); }
static inline double exp_d(double x) { return exp_with_d(x, 0); }
static inline float grow_f(float x) { return exp_with_f(x, 1); }
static inline double grow_d(double x) { return exp_with_d(x, 1); }

/* e^x - 1 = (2^k - 1) + 2^k (e^r - 1): the first term is exact, or 1 beside which the second is nothing. */
static inline float expm1_f(float x) {
    const float round = 12582912.0f;
    float c = x < -30.0f ? -30.0f : x;
    float z = c * 1.44269504f + round, k = z - round;
    float r = (c - k * 0x1.62ep-1f) - k * 0x1.0bfbe8p-15f, q = r * r;
    float even = EXP_F[0] + q * (EXP_F[2] + q * EXP_F[4]), odd = EXP_F[1] + q * (EXP_F[3] + q * EXP_F[5]);
    float scale = float_of((bits_of_float(z) << 23) + (127u << 23));
    return (scale - 1.0f) + scale * (r + q * (even + r * odd));
}

static inline double expm1_d(double x) {
    const double round = 6755399441055744.0;
    double c = x < -60.0 ? -60.0 : x;
    double z = c * 1.4426950408889634 + round, k = z - round;
    double r = (c - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33, q = r * r;
    double even = EXP_D[0] + q * (EXP_D[2] + q * (EXP_D[4] + q * (EXP_D[6] + q * (EXP_D[8] + q * EXP_D[10]))));
    double odd = EXP_D[1] + q * (EXP_D[3] + q * (EXP_D[5] + q * (EXP_D[7] + q * EXP_D[9])));
    double scale = double_of((bits_of_double(z) << 52) + (1023ull << 52));
    return (scale - 1.0) + scale * (r + q * (even + r * odd));
}

/* k·ln 2 + log(1 + f) + tail, for a small `tail`. */
static inline float log_sum_f(float k, float f, float tail) {
    float s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
    float p = z * (ATANH_F[0] + z * (ATANH_F[1] + z * (ATANH_F[2] + z * ATANH_F[3])));
    float low = k * 0x1.0bfbe8p-15f + tail;
    return k * 0x1.62ep-1f + (f - (h - (s * (h + p) + low)));
}

static inline double log_sum_d(double k, double f, double tail) {
    double s = f / (2.0 + f), z = s * s, w = z * z, h = 0.5 * f * f;
    double even = ATANH_D[0] + w * (ATANH_D[2] + w * (ATANH_D[4] + w * ATANH_D[6]));
    double odd = ATANH_D[1] + w * (ATANH_D[3] + w * ATANH_D[5]);
    double p = z * (even + z * odd);
    double low = k * 0x1.a39ef35793c76p-33 + tail;
    return k * 0x1.62e42fee00000p-1 + (f - (h - (s * (h + p) + low)));
}

/* x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2): the exponent is read off after the mantissa's bound is taken away. What
 * rounding lost counts by 1/x: divided by x if that may be anything, else, for k = 0 and -1 alone, by a series in f. */
static inline float log_with_f(float x, float lost, int which) {
    int small = x < FLT_MIN;
    float y = small ? x * 0x1p23f : x;
    uint32_t shifted = bits_of_float(y) + (0x3f800000u - 0x3f3504f3u);
    float k = (float)(int32_t)(shifted >> 23) - (small ? 127.0f + 23.0f : 127.0f);
    float f = float_of((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float unit = (lost - k * lost) * (1.0f - f * (1.0f - f));
    float value = log_sum_f(k, f, which == EXACT ? 0.0f : which == UNIT ? unit : lost / x);
    value = x < INFINITY ? value : x;
    return x == 0.0f ? -INFINITY : value;
}

static inline double log_with_d(double x, double lost, int which) {
    int small = x < DBL_MIN;
    double y = small ? x * 0x1p52 : x;
    uint64_t shifted = bits_of_double(y) + (0x3ff0000000000000ull - 0x3fe6a09e667f3bcdull);
    double k = double_of((shifted >> 52) | 0x4330000000000000ull) - (small ? 0x1p52 + 1023.0 + 52.0 : 0x1p52 + 1023.0);
    double f = double_of((shifted & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull) - 1.0;
    double unit = (lost - k * lost) * (1.0 - f * (1.0 - f));
    double value = log_sum_d(k, f, which == EXACT ? 0.0 : which == UNIT ? unit : lost / x);
    value = x < (double)INFINITY ? value : x;
    return x == 0.0 ? -(double)INFINITY : value;
}

static inline float log_f(float x) { return log_with_f(x, 0.0f, EXACT); }
static inline double log_d(double x) { return log_with_d(x, 0.0, EXACT); }
static inline float logunit_f(float x, float lost) { return log_with_f(x, lost, UNIT); }
static inline double logunit_d(double x, double lost) { return log_with_d(x, lost, UNIT); }
static inline float logsum_f(float x, float lost) { return log_with_f(x, lost, SUM); }
static inline double logsum_d(double x, double lost) { return log_with_d(x, lost, SUM); }

/* 1 + e is never formed: above 1/2, half of it is 1 + (e - 1)/2, and e - 1 is exact. */
static inline float log1p_f(float e) { return log_sum_f(e > 0.5f ? 1.0f : 0.0f, e > 0.5f ? 0.5f * (e - 1.0f) : e, 0.0f); }
static inline double log1p_d(double e) { return log_sum_d(e > 0.5 ? 1.0 : 0.0, e > 0.5 ? 0.5 * (e - 1.0) : e, 0.0); }

/* log(1 + x), by what rounding takes from 1 + x. */
static inline float log_one_f(float x) {
    float s = 1.0f + x, less = x < 1.0f ? x : 1.0f, more = x < 1.0f ? 1.0f : x, lost = less - (s - more);
    return logsum_f(s, x < INFINITY ? lost : 0.0f);
}

static inline double log_one_d(double x) {
    double s = 1.0 + x, less = x < 1.0 ? x : 1.0, more = x < 1.0 ? 1.0 : x, lost = less - (s - more);
    return logsum_d(s, x < (double)INFINITY ? lost : 0.0);
}

#define OVER_ARRAY(name, number, function)                                                          \
    static inline void name(const number *x, number *y, ptrdiff_t n) {                              \
        INDEPENDENT for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) y[i] = function(x[i]);     \
    }

#define OVER_ARRAYS(name, number, function)                                                             \
    static inline void name(const number *x, const number *c, number *y, ptrdiff_t n) {                 \
        INDEPENDENT for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) y[i] = function(x[i], c[i]);   \
    }

OVER_ARRAY(vexp_f, float, exp_f)
OVER_ARRAY(vexp_d, double, exp_d)
OVER_ARRAY(vgrow_f, float, grow_f)
OVER_ARRAY(vgrow_d, double, grow_d)
OVER_ARRAY(vlogone_f, float, log_one_f)
OVER_ARRAY(vlogone_d, double, log_one_d)
OVER_ARRAY(vexpm1_f, float, expm1_f)
OVER_ARRAY(vexpm1_d, double, expm1_d)
OVER_ARRAY(vlog_f, float, log_f)
OVER_ARRAY(vlog_d, double, log_d)
OVER_ARRAYS(vlogunit_f, float, logunit_f)
OVER_ARRAYS(vlogunit_d, double, logunit_d)
OVER_ARRAYS(vlogsum_f, float, logsum_f)
OVER_ARRAYS(vlogsum_d, double, logsum_d)
OVER_ARRAY(vlog1p_f, float, log1p_f)
OVER_ARRAY(vlog1p_d, double, log1p_d)
OVER_ARRAY(vroot_f, float, sqrtf)
OVER_ARRAY(vroot_d, double, sqrt)

static inline float root_f(float x, float r) { (void)x; return r; }
static inline double root_d(double x, double r) { (void)x; return r; }
static inline float over_root_f(float y, float x, float r) { (void)x; return y / r; }
static inline double over_root_d(double y, double x, double r) { (void)x; return y / r; }

#endif

/* a·b + c, rounded once where the processor can. A compiler fuses a multiplication with an addition, or not, as the product's other
 * uses have it; where it has some, this is written out, or a sample's result would depend on what else is asked for. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FUSED(remainder) remainder
static inline float multiply_add_f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double multiply_add_d(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
#define FUSED(remainder) 0
static inline float multiply_add_f(float a, float b, float c) { return a * b + c; }
static inline double multiply_add_d(double a, double b, double c) { return a * b + c; }
#endif

/* p, the polynomial of x with these coefficients, from that of 1 to that of x^degree. */
#define POLYNOMIAL(number, coefficients, degree, x)                                                     \
    number p = (number)coefficients[degree];                                                            \
    WRITTEN_OUT for (int k = (degree) - 1; k >= 0; k--) p = (number)coefficients[k] + (x) * p

/* Differences that would cancel, right to a few units of what is left.
 *
 *   atanh_tail_f, _d     2(atanh(s) - s)/s^3 of q = s^2 <= 1/9, by its series
 *   ratio_f, ratio_d     log(x/t), and x - t - t log(x/t)
 *   bend_f, bend_d       e^x - 1 - x      |x| <= 1/2, by its series
 *   bend_short           the same to 2^-28, of a double that ends as a float
 *   jensen_f, jensen_d   (1 + x)log(1 + x) + (1 - x)log(1 - x) of q = x^2 <= 1/3
 *   upper_f, upper_d     log(1 + x), 1/3 <= x^2 <= 1
 */
static inline float atanh_tail_f(float q) {
    float p = 2.0f / 17.0f;
    WRITTEN_OUT for (int k = 15; k >= 3; k -= 2) p = 2.0f / (float)k + q * p;
    return p;
}

static inline double atanh_tail_d(double q) {
    double p = 2.0 / 35.0;
    WRITTEN_OUT for (int k = 33; k >= 3; k -= 2) p = 2.0 / (double)k + q * p;
    return p;
}

/* log(x/t) and e = x - t - t log(x/t) >= 0, which may be as small as it likes, of finite x > 0 and t > 0.
 *
 * x/t = 2^k w with w between 2/3 and 3/2: the bits of a positive number are, but for a few hundredths, its logarithm. With t = 2^i b and
 * y = wb, d = y - b is exact, and log w = 2 atanh(s) with s = d/(y + b): there is one division. In units of 2^i, with 2s + rs for log w,
 * e is s(d - br) if k is 0, since d - 2bs = ds. If k is 1 or -1 and it is `wide`, it is that and d + b(1 - log 2) or
 * b(log 2 - 1/2) - d/2. Of any other k it is not told. `share` is e/t. */
static inline void ratio_f(float x, float t, int wide, float *k, float *log, float *excess, float *share) {
    int low = x < FLT_MIN, small = t < FLT_MIN;
    uint32_t bits = bits_of_float(low ? x * 0x1p25f : x), base = bits_of_float(small ? t * 0x1p25f : t);
    uint32_t steps = bits - base + 0x80400000u, unit = base & 0x7f800000u, scale = 0x3f800000u - unit;
    float b = float_of(base + scale), y = float_of(bits + scale + 0x80000000u - (steps & 0xff800000u));
    float d = y - b, s = d / (y + b), q = s * s;
    float r = q * (ATANH_F[0] + q * (ATANH_F[1] + q * (ATANH_F[2] + q * ATANH_F[3])));
    float n = (float)(int32_t)(steps >> 23) - (low ? 256.0f + 25.0f : 256.0f) + (small ? 25.0f : 0.0f);
    float e = s * (d - b * r), more = (n > 0.0f ? d : -0.5f * d) + b * (n > 0.0f ? 1.0f - 0x1.62ep-1f : 0x1.62ep-1f - 0.5f);
    float all = !wide || n == 0.0f ? e : e + (more - n * 0x1.0bfbe8p-15f * b);
    *k = n;
    *log = n * 0x1.62ep-1f + (2.0f * s + multiply_add_f(s, r, n * 0x1.0bfbe8p-15f));
    *excess = all * (small ? 0x1p-25f : 1.0f) * float_of(unit);
    *share = all / b;
}

static inline void ratio_d(double x, double t, int wide, double *k, double *log, double *excess, double *share) {
    int low = x < DBL_MIN, small = t < DBL_MIN;
    uint64_t bits = bits_of_double(low ? x * 0x1p54 : x), base = bits_of_double(small ? t * 0x1p54 : t);
    uint64_t steps = bits - base + 0x8008000000000000ull, unit = base & 0x7ff0000000000000ull, scale = 0x3ff0000000000000ull - unit;
    double b = double_of(base + scale), y = double_of(bits + scale + 0x8000000000000000ull - (steps & 0xfff0000000000000ull));
    double d = y - b, s = d / (y + b), q = s * s, z = q * q;
    double even = EXCESS_D[0] + z * (EXCESS_D[2] + z * (EXCESS_D[4] + z * EXCESS_D[6]));
    double odd = EXCESS_D[1] + z * (EXCESS_D[3] + z * (EXCESS_D[5] + z * EXCESS_D[7]));
    double r = q * (even + q * odd);
    double n = double_of((steps >> 52) | 0x4330000000000000ull) - (low ? 0x1p52 + 2048.0 + 54.0 : 0x1p52 + 2048.0) + (small ? 54.0 : 0.0);
    double e = s * (d - b * r), more = (n > 0.0 ? d : -0.5 * d) + b * (n > 0.0 ? 1.0 - 0x1.62e42fee00000p-1 : 0x1.62e42fee00000p-1 - 0.5);
    double all = !wide || n == 0.0 ? e : e + (more - n * 0x1.a39ef35793c76p-33 * b);
    *k = n;
    *log = n * 0x1.62e42fee00000p-1 + (2.0 * s + multiply_add_d(s, r, n * 0x1.a39ef35793c76p-33));
    *excess = all * (small ? 0x1p-54 : 1.0) * double_of(unit);
    *share = all / b;
}

#define THIRD 0.333333333333333333333

static inline float jensen_f(float q) {
    POLYNOMIAL(float, JENSEN_F, 7, q);
    return q * p;
}

static inline double jensen_d(double q) {
    POLYNOMIAL(double, JENSEN_D, 15, q);
    return q * p;
}

static inline float upper_f(float x) {
    float y = x - 3113.0f / 4096.0f;
    POLYNOMIAL(float, UPPER_F, 6, y);
    return p;
}

static inline double upper_d(double x) {
    double y = x - 3113.0 / 4096.0;
    POLYNOMIAL(double, UPPER_D, 13, y);
    return p;
}

static inline float bend_f(float x) {
    POLYNOMIAL(float, BEND_D, 8, x);
    return x * x * p;
}

static inline double bend_d(double x) {
    POLYNOMIAL(double, BEND_D, 13, x);
    return x * x * p;
}

static inline double bend_short(double x) {
    POLYNOMIAL(double, BEND_D, 7, x);
    return x * x * p;
}

/* How much of a normal distribution is within z of its middle, from e = exp(-z^2/2): divided by z for z <= 1; else the rest, of all z >= 1. */
static inline double normal_bulk(double z) {
    double q = z * z;
    POLYNOMIAL(double, BULK_D, 10, q);
    return p;
}

static inline double normal_tail(double z, double e) {
    double x = z > 9.0 ? 9.0 : z, y = (x - 4.0) / (x + 4.0);
    POLYNOMIAL(double, TAIL_D, 17, y);
    return e * p;
}

/* arctan(x): of |x| near 1 by its difference from pi/4, of greater ones by that from pi/2. */
static inline double arc_tangent(double x) {
    double a = x < 0.0 ? -x : x;
    int far = a > 2.41421356237309505, middle = a > 0.41421356237309505;
    double t = (far ? -1.0 : middle ? a - 1.0 : a) / (far ? a : middle ? a + 1.0 : 1.0), z = t * t;
    POLYNOMIAL(double, ARC_D, 10, z);
    double base = far ? 1.57079632679489661923 : middle ? 0.78539816339744830962 : 0.0;
    double low = far ? 6.123233995736766e-17 : middle ? 3.061616997868383e-17 : 0.0;
    double y = base + (t + (t * z * p + low));
    return x < 0.0 ? -y : y;
}

/* The power of two that brings x near 1; 1 for what is no normal number. (Choices would be made again of all that it is a factor of.) */
static inline double inverse_power(double x) {
    uint64_t e = bits_of_double(x) >> 52, odd = (uint64_t)0 - (uint64_t)(e - 1 > 2045);
    return double_of((((2046 - e + (e == 2046)) & ~odd) | (1023 & odd)) << 52);
}

/* n/(s + lost) for 1 <= s <= 2, where `lost` is what rounding took from s. With fused multiplication the quotient's own remainder
 * is exact, and the result is rounded once; 1/s, by which the small rest counts, is that of a parabola, to 1 %. */
#define QUOTIENT(name, number, fused)                                                                            \
    static inline number name(number n, number s, number lost) {                                                 \
        number q = n / s, inverse = (number)(210 / 99.0) + s * ((number)(32 / 99.0) * s - (number)(144 / 99.0)); \
        return q + (FUSED(fused(-q, s, n)) - q * lost) * inverse;                                                \
    }
QUOTIENT(quotient_f, float, __builtin_fmaf)
QUOTIENT(quotient_d, double, __builtin_fma)

/* x/d >= 0, of an `inverse` 1/d that is a normal number: with AVX-512, whose divider would take longer than everything else in a loss,
 * the product's remainder makes it the quotient to the last bit (Markstein); elsewhere division is as quick. (The compiler fuses the
 * remainder's two operations. A call of fma would keep it from making choices of what is around it.) */
#ifdef __AVX512F__
static inline float fraction_f(float x, float d, float inverse) {
    float q = x * inverse, finite = q < FLT_MAX ? q : FLT_MAX;
    return q + (x - finite * d) * inverse;
}
static inline double fraction_d(double x, double d, double inverse) {
    double q = x * inverse, finite = q < DBL_MAX ? q : DBL_MAX;
    return q + (x - finite * d) * inverse;
}
#else
static inline float fraction_f(float x, float d, float inverse) { (void)inverse; return x / d; }
static inline double fraction_d(double x, double d, double inverse) { (void)inverse; return x / d; }
#endif

/* What rounding took from the square u of the quotient r = d/scale, of an inverse 1/scale. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
static inline float rest_of_square_f(float d, float scale, float inverse, float r, float u) {
    return __builtin_fmaf(r, r, -u) + 2.0f * r * (__builtin_fmaf(-r, scale, d) * inverse);
}
static inline double rest_of_square_d(double d, double scale, double inverse, double r, double u) {
    return __builtin_fma(r, r, -u) + 2.0 * r * (__builtin_fma(-r, scale, d) * inverse);
}
#else
static inline float rest_of_square_f(float d, float scale, float inverse, float r, float u) {
    double exact = (double)d / scale;
    (void)inverse, (void)r;
    return (float)(exact * exact - u);
}
static inline double rest_of_square_d(double d, double scale, double inverse, double r, double u) { /* Dekker's products of halves */
    double y = r * 134217729.0, a = y - (y - r), b = r - a, z = scale * 134217729.0, p = z - (z - scale), q = scale - p;
    double remainder = ((d - a * p) - a * q - b * p) - b * q;
    return (((a * a - u) + 2.0 * a * b) + b * b) + 2.0 * r * (remainder * inverse);
}
#endif
