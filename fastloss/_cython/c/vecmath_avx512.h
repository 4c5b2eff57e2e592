/* vecmath.h for AVX-512: tables that lie in registers (one permutation looks up 16 doubles or 32 floats) leave so small a
 * remainder that a short polynomial is enough; getexp, getmant and scalef take numbers apart and put them together, right
 * for zero, subnormal numbers, infinities and NaN without a branch. Where the result depends on a product not being rounded,
 * the fused multiplication is written out; elsewhere the compiler fuses what it can. */
#pragma once
#include <immintrin.h>

static inline __m512 lookup_f(const float *table, __m512i index) {
    return _mm512_permutex2var_ps(_mm512_loadu_ps(table), index, _mm512_loadu_ps(table + 16));
}

static inline __m512d lookup_d(const double *table, __m512i index) {
    return _mm512_permutex2var_pd(_mm512_loadu_pd(table), index, _mm512_loadu_pd(table + 8));
}

/* `round` has units of 1/32 (1/16): the low bits of z number the table entry, floor(k) is the power of two. What rounding takes
 * from an entry is added again: it would be most of the result's error. What underflows to
 * 0 (a class masked by -inf, say) is set to 0: letting the multiplication find out costs the processor 100 cycles. */
static inline __m512 exp_with_f(__m512 x, int any) {
    const __m512 round = _mm512_set1_ps(0x1.8p18f);
    __mmask16 counts = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-104.0f), _CMP_NLT_UQ);
    __m512 c = any ? _mm512_min_ps(_mm512_set1_ps(89.0f), x) : x;
    __m512 z = c * 1.44269504f + round, k = z - round;
    __m512 r = (c - k * 0x1.63p-1f) - k * -0x1.bd0106p-13f;
    __m512 p = r + r * r * (EXP_SHORT_F[0] + r * EXP_SHORT_F[1]);
    __m512i index = _mm512_castps_si512(z);
    __m512 power = lookup_f(EXP_TABLE_F, index);
    return _mm512_maskz_scalef_ps(counts, power + (power * p + lookup_f(EXP_TABLE_LOW_F, index)), k);
}

static inline __m512d exp_with_d(__m512d x, int any) {
    const __m512d round = _mm512_set1_pd(0x1.8p48);
    __mmask8 counts = _mm512_cmp_pd_mask(x, _mm512_set1_pd(-745.2), _CMP_NLT_UQ);
    __m512d c = any ? _mm512_min_pd(_mm512_set1_pd(710.0), x) : x;
    __m512d z = c * 1.4426950408889634 + round, k = z - round;
    __m512d r = (c - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33, q = r * r;
    __m512d even = EXP_SHORT_D[0] + q * (EXP_SHORT_D[2] + q * EXP_SHORT_D[4]);
    __m512d odd = EXP_SHORT_D[1] + q * EXP_SHORT_D[3];
    __m512d p = r + q * (even + r * odd);
    __m512i index = _mm512_castpd_si512(z);
    __m512d power = lookup_d(EXP_TABLE_D, index);
    return _mm512_maskz_scalef_pd(counts, power + (power * p + lookup_d(EXP_TABLE_LOW_D, index)), k);
}

static inline __m512 exp_f(__m512 x) { return exp_with_f(x, 0); }
static inline __m512d exp_d(__m512d x) { return exp_with_d(x, 0); }
static inline __m512 grow_f(__m512 x) { return exp_with_f(x, 1); }
static inline __m512d grow_d(__m512d x) { return exp_with_d(x, 1); }

/* e^x - 1 = (2^k - 1) + 2^k (e^r - 1), k a whole number: the table's steps would cancel near 0. */
static inline __m512 expm1_f(__m512 x) {
    const __m512 round = _mm512_set1_ps(12582912.0f);
    __m512 c = _mm512_max_ps(_mm512_set1_ps(-30.0f), x); /* NaN stays */
    __m512 k = (c * 1.44269504f + round) - round;
    __m512 r = (c - k * 0x1.62ep-1f) - k * 0x1.0bfbe8p-15f, q = r * r;
    __m512 even = EXP_F[0] + q * (EXP_F[2] + q * EXP_F[4]), odd = EXP_F[1] + q * (EXP_F[3] + q * EXP_F[5]);
    __m512 scale = _mm512_scalef_ps(_mm512_set1_ps(1.0f), k);
    return (scale - 1.0f) + scale * (r + q * (even + r * odd));
}

static inline __m512d expm1_d(__m512d x) {
    const __m512d round = _mm512_set1_pd(6755399441055744.0);
    __m512d c = _mm512_max_pd(_mm512_set1_pd(-60.0), x);
    __m512d k = (c * 1.4426950408889634 + round) - round;
    __m512d r = (c - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33, q = r * r;
    __m512d even = EXP_D[0] + q * (EXP_D[2] + q * (EXP_D[4] + q * (EXP_D[6] + q * (EXP_D[8] + q * EXP_D[10]))));
    __m512d odd = EXP_D[1] + q * (EXP_D[3] + q * (EXP_D[5] + q * (EXP_D[7] + q * EXP_D[9])));
    __m512d scale = _mm512_scalef_pd(_mm512_set1_pd(1.0), k);
    return (scale - 1.0) + scale * (r + q * (even + r * odd));
}

/* (log(1 + r) - r)/r^2 */
static inline __m512 series_f(__m512 r) {
    return (LOG_SHORT_F[0] + r * LOG_SHORT_F[1]) + r * r * (LOG_SHORT_F[2] + r * LOG_SHORT_F[3]);
}

static inline __m512d series_d(__m512d r) {
    __m512d q = r * r;
    __m512d even = LOG_SHORT_D[0] + q * (LOG_SHORT_D[2] + q * (LOG_SHORT_D[4] + q * (LOG_SHORT_D[6] + q * LOG_SHORT_D[8])));
    __m512d odd = LOG_SHORT_D[1] + q * (LOG_SHORT_D[3] + q * (LOG_SHORT_D[5] + q * LOG_SHORT_D[7]));
    return even + r * odd;
}

/* x = 2^k m with m in [3/4, 3/2), so that no logarithm near 1 is a difference of two larger ones; and the table's share is added last
 * but one: where that is 0, r is not rounded again. What rounding lost counts by 1/x, which is `inverse` times (1 - r) 2^-k but for
 * r^2, so that near 1 what is wrong with it shrinks as the logarithm does. */
static inline __m512 log_with_f(__m512 x, __m512 lost, int which) {
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512 down = _mm512_getexp_ps(m) - _mm512_getexp_ps(x); /* -k */
    __m512i index = _mm512_srli_epi32(_mm512_castps_si512(m), 18);
    __m512 inverse = lookup_f(LOG_INVERSE_F, index), r = _mm512_fmsub_ps(m, inverse, _mm512_set1_ps(1.0f));
    __mmask16 lower = _mm512_cmp_ps_mask(down, _mm512_setzero_ps(), _CMP_GT_OQ);
    __m512 unit = _mm512_mask_add_ps(lost, lower, lost, lost), any = _mm512_scalef_ps(lost, _mm512_min_ps(_mm512_set1_ps(1000.0f), down));
    __m512 rest = r * r * series_f(r);
    if (which != EXACT) rest += (which == UNIT ? unit : any) * _mm512_fnmadd_ps(inverse, r, inverse);
    return lookup_f(LOG_VALUE_F, index) - down * 0x1.62e43p-1f + (r + rest);
}

static inline __m512d log_with_d(__m512d x, __m512d lost, int which) {
    __m512d m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512d down = _mm512_getexp_pd(m) - _mm512_getexp_pd(x);
    __m512i index = _mm512_srli_epi64(_mm512_castpd_si512(m), 48);
    __m512d inverse = lookup_d(LOG_INVERSE_D, index), r = _mm512_fmsub_pd(m, inverse, _mm512_set1_pd(1.0));
    __mmask8 lower = _mm512_cmp_pd_mask(down, _mm512_setzero_pd(), _CMP_GT_OQ);
    __m512d unit = _mm512_mask_add_pd(lost, lower, lost, lost), any = _mm512_scalef_pd(lost, _mm512_min_pd(_mm512_set1_pd(2000.0), down));
    __m512d rest = r * r * series_d(r) - down * 0x1.abc9e3b39803fp-56;
    if (which != EXACT) rest += (which == UNIT ? unit : any) * _mm512_fnmadd_pd(inverse, r, inverse);
    return lookup_d(LOG_VALUE_D, index) - down * 0x1.62e42fefa39efp-1 + (r + rest);
}

static inline __m512 log_f(__m512 x) { return log_with_f(x, x, EXACT); }
static inline __m512d log_d(__m512d x) { return log_with_d(x, x, EXACT); }
static inline __m512 logunit_f(__m512 x, __m512 lost) { return log_with_f(x, lost, UNIT); }
static inline __m512d logunit_d(__m512d x, __m512d lost) { return log_with_d(x, lost, UNIT); }
static inline __m512 logsum_f(__m512 x, __m512 lost) { return log_with_f(x, lost, SUM); }
static inline __m512d logsum_d(__m512d x, __m512d lost) { return log_with_d(x, lost, SUM); }

/* 1 + e is never formed: with 1/c in the table, r = (1 + e)/c - 1 = e/c + (1/c - 1), and 1/c - 1 is exact. */
static inline __m512 log1p_f(__m512 e) {
    __m512i index = _mm512_castps_si512(e * 31.0f + 0x1p23f);
    __m512 inverse = lookup_f(LOG1P_INVERSE_F, index), r = _mm512_fmadd_ps(e, inverse, inverse - 1.0f);
    return lookup_f(LOG1P_VALUE_F, index) + (r + r * r * series_f(r));
}

static inline __m512d log1p_d(__m512d e) {
    __m512i index = _mm512_castpd_si512(e * 15.0 + 0x1p52);
    __m512d inverse = lookup_d(LOG1P_INVERSE_D, index), r = _mm512_fmadd_pd(e, inverse, inverse - 1.0);
    return lookup_d(LOG1P_VALUE_D, index) + (r + r * r * series_d(r));
}

/* log(1 + x), by what rounding takes from 1 + x. */
static inline __m512 log_one_f(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f);
    __m512 s = one + x;
    __mmask16 small = _mm512_cmp_ps_mask(x, one, _CMP_LT_OQ), counts = _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p30f), _CMP_LT_OQ);
    return logsum_f(s, _mm512_maskz_mov_ps(counts, _mm512_mask_blend_ps(small, one - (s - x), x - (s - one))));
}

static inline __m512d log_one_d(__m512d x) {
    const __m512d one = _mm512_set1_pd(1.0);
    __m512d s = one + x;
    __mmask8 small = _mm512_cmp_pd_mask(x, one, _CMP_LT_OQ), counts = _mm512_cmp_pd_mask(x, _mm512_set1_pd(0x1p60), _CMP_LT_OQ);
    return logsum_d(s, _mm512_maskz_mov_pd(counts, _mm512_mask_blend_pd(small, one - (s - x), x - (s - one))));
}

/* An estimate of 1/sqrt(x), of 14 bits for floats and 42 for doubles: whoever has x too puts the rest right (below). The divider, which
 * would take longer than everything else in a loss, is left to the divisions. Normal numbers only. */
static inline __m512 inverse_root_f(__m512 x) { return _mm512_rsqrt14_ps(x); }

static inline __m512d inverse_root_d(__m512d x) {
    __m512d y = _mm512_rsqrt14_pd(x), e = 1.0 - x * y * y;
    return y + y * e * (0.5 + 0.375 * e);
}

#define OVER_ARRAY(name, number, suffix, width, function)                                                               \
    static inline void name(const number *x, number *y, ptrdiff_t n) {                                                  \
        for (ptrdiff_t i = 0; i < n; i += width) _mm512_storeu_##suffix(y + i, function(_mm512_loadu_##suffix(x + i))); \
    }

#define OVER_ARRAYS(name, number, suffix, width, function)                                                      \
    static inline void name(const number *x, const number *c, number *y, ptrdiff_t n) {                         \
        for (ptrdiff_t i = 0; i < n; i += width)                                                                \
            _mm512_storeu_##suffix(y + i, function(_mm512_loadu_##suffix(x + i), _mm512_loadu_##suffix(c + i))); \
    }

OVER_ARRAY(vexp_f, float, ps, 16, exp_f)
OVER_ARRAY(vexp_d, double, pd, 8, exp_d)
OVER_ARRAY(vgrow_f, float, ps, 16, grow_f)
OVER_ARRAY(vgrow_d, double, pd, 8, grow_d)
OVER_ARRAY(vlogone_f, float, ps, 16, log_one_f)
OVER_ARRAY(vlogone_d, double, pd, 8, log_one_d)
OVER_ARRAY(vexpm1_f, float, ps, 16, expm1_f)
OVER_ARRAY(vexpm1_d, double, pd, 8, expm1_d)
OVER_ARRAY(vlog_f, float, ps, 16, log_f)
OVER_ARRAY(vlog_d, double, pd, 8, log_d)
OVER_ARRAYS(vlogunit_f, float, ps, 16, logunit_f)
OVER_ARRAYS(vlogunit_d, double, pd, 8, logunit_d)
OVER_ARRAYS(vlogsum_f, float, ps, 16, logsum_f)
OVER_ARRAYS(vlogsum_d, double, pd, 8, logsum_d)
OVER_ARRAY(vlog1p_f, float, ps, 16, log1p_f)
OVER_ARRAY(vlog1p_d, double, pd, 8, log1p_d)
OVER_ARRAY(vroot_f, float, ps, 16, inverse_root_f)
OVER_ARRAY(vroot_d, double, pd, 8, inverse_root_d)

/* A step of Newton's, from x and r, which makes twice as many bits right. */
#define ROOTS(kind, number, fma)                                                                                      \
    static inline number root_##kind(number x, number r) {                                                            \
        number h = x * r;                                                                                             \
        return fma(fma(-h, h, x), (number)0.5 * r, h);                                                                \
    }                                                                                                                 \
    static inline number over_root_##kind(number y, number x, number r) {                                             \
        number q = y * r;                                                                                             \
        return fma(fma(-(x * r), r, 1), (number)0.5 * q, q);                                                          \
    }

ROOTS(f, float, __builtin_fmaf)
ROOTS(d, double, __builtin_fma)
