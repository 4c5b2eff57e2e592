/* The last step of a sum in 32 lanes, which the compiler would take number by number: eight by eight, and those in turn. */
#pragma once
#include <string.h>

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
