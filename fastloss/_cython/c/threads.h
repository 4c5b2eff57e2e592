/* What the loops ask of OpenMP and of the operating system, with answers where there is none. */
#pragma once
#include <stdlib.h>
#if defined(_OPENMP)
#include <omp.h>
#define OPENMP 1
static inline int openmp_threads(void) { return omp_get_max_threads(); }
/* How many it allows before anybody limits it. Asking for that at import would take a limit in force then for it. */
static inline int openmp_default(void) {
    const char *text = getenv("OMP_NUM_THREADS");
    int asked = text ? atoi(text) : 0, most = omp_get_thread_limit(), n = asked > 0 ? asked : omp_get_num_procs();
    return n < most ? n : most;
}
static inline int openmp_index(void) { return omp_get_thread_num(); }
#else
#define OPENMP 0
static inline int openmp_threads(void) { return 1; }
static inline int openmp_default(void) { return 1; }
static inline int openmp_index(void) { return 0; }
#endif

/* GNU OpenMP hangs in a child forked from a process that had used threads: every child runs serial. */
#if defined(_WIN32)
static inline long process_id(void) { return 0; }
#else
#include <unistd.h>
static inline long process_id(void) { return (long)getpid(); }
#endif

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#elif defined(_MSC_VER)
#define COMPILER "msvc"
#else
#define COMPILER "unknown"
#endif
