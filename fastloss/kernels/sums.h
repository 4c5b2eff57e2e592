/* Sums in double precision, in an order that depends on the length alone: running sums in four vectors, so that an addition
 * need not wait for the one before it, then the lanes one by one. A number's lane is its place in the batch, wherever in
 * memory that begins: `rotate` keeps it so for loops that start at the first cache line.
 *
 * A plain loop would have to be added up strictly in order, and an array of running sums stays in memory, where each
 * addition waits for a store: hence vector types. Floats are widened as they are loaded; gcc's __builtin_convertvector
 * would shuffle the halves apart first, at twice the cost of the sum. */
#pragma once
#include <stddef.h>
#include <string.h>

#define LANES 32 /* numbers added at a time; every loop over a tile runs in multiples of it */

#if defined(__AVX512F__)
#include <immintrin.h>
#define SUM_WIDTH 8
#define WIDEN(x) ((sum_vector)_mm512_cvtps_pd(_mm256_loadu_ps(x)))
#elif defined(__AVX__)
#include <immintrin.h>
#define SUM_WIDTH 4
#define WIDEN(x) ((sum_vector)_mm256_cvtps_pd(_mm_loadu_ps(x)))
#elif defined(__GNUC__)
#define SUM_WIDTH 2
#define WIDEN(x) ((sum_vector){(x)[0], (x)[1]})
#endif

#if defined(SUM_WIDTH)

typedef double sum_vector __attribute__((vector_size(8 * SUM_WIDTH)));
typedef struct { sum_vector a, b, c, d; } sums;

static inline sum_vector widen_f(const float *x) { return WIDEN(x); }
static inline sum_vector widen_d(const double *x) { sum_vector v; memcpy(&v, x, sizeof v); return v; }

/* weight * x for numbers that are there: those of weight 0 are not, even if they are infinite or NaN. */
typedef long long mask_vector __attribute__((vector_size(8 * SUM_WIDTH)));
static inline sum_vector weighed(sum_vector x, sum_vector weight) {
    return (sum_vector)((mask_vector)(x * weight) & (weight != 0));
}

#define ADD_LANES(term)                                                                                     \
    for (int i = 0; i < LANES; i += 4 * SUM_WIDTH)                                                          \
        s->a += term(0), s->b += term(SUM_WIDTH), s->c += term(2 * SUM_WIDTH), s->d += term(3 * SUM_WIDTH);

static inline double sum_of(const sums *s) {
    sum_vector v = (s->a + s->b) + (s->c + s->d);
    double total = 0;
    for (int k = 0; k < SUM_WIDTH; k++) total += v[k];
    return total;
}

#else

typedef struct { double a; } sums;
#define widen_f(x) (double)*(x)
#define widen_d(x) *(x)
static inline double weighed(double x, double weight) { return weight != 0 ? x * weight : 0; }
#define ADD_LANES(term) for (int i = 0; i < LANES; i++) s->a += term(0);
static inline double sum_of(const sums *s) { return s->a; }

#endif

#define RUNNING ((ptrdiff_t)(sizeof(sums) / sizeof(double)))

/* The number that was added k-th goes on at place k - h: what follows starts at another place of the same order. */
static inline void rotate(sums *s, ptrdiff_t h) {
    double from[sizeof(sums) / sizeof(double)], to[sizeof(sums) / sizeof(double)];
    memcpy(from, s, sizeof *s);
    for (ptrdiff_t k = 0; k < RUNNING; k++) to[k] = from[(k + h) % RUNNING];
    memcpy(s, to, sizeof *s);
}

static inline void rotate_back(sums *s, ptrdiff_t h) { rotate(s, RUNNING - h % RUNNING); }

#define X_F(k) widen_f(x + i + k)
#define X_D(k) widen_d(x + i + k)
#define WX_F(k) weighed(widen_f(x + i + k), widen_d(weight + i + k))
#define WX_D(k) weighed(widen_d(x + i + k), widen_d(weight + i + k))

static inline void no_sums(sums *s) { memset(s, 0, sizeof *s); }
static inline void add_f(sums *s, const float *x) { ADD_LANES(X_F) }
static inline void add_d(sums *s, const double *x) { ADD_LANES(X_D) }
static inline void add_weighed_f(sums *s, const float *x, const double *weight) { ADD_LANES(WX_F) }
static inline void add_weighed_d(sums *s, const double *x, const double *weight) { ADD_LANES(WX_D) }
