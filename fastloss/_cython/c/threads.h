/* What the pool asks of the system: atomic words, sleep, time; and of the compiler, its name. */
#pragma once
#include <stdint.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#include <process.h>
#else
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#endif
#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64) || defined(_M_IX86)
#include <immintrin.h>
#define pool_pause() _mm_pause()
#elif defined(__aarch64__) && !defined(_MSC_VER)
#define pool_pause() __asm__ volatile("yield")
#else
#define pool_pause() ((void)0)
#endif

typedef intptr_t pool_word;

#if defined(_WIN32)
#if defined(_WIN64)
#define POOL_ATOMIC(operation) operation##64
typedef LONG64 pool_long;
#else
#define POOL_ATOMIC(operation) operation
typedef LONG pool_long;
#endif
static inline pool_word pool_add(pool_word *x, pool_word n) {
    return (pool_word)POOL_ATOMIC(InterlockedExchangeAdd)((volatile pool_long *)x, (pool_long)n);
}
static inline pool_word pool_and(pool_word *x, pool_word n) {
    return (pool_word)POOL_ATOMIC(InterlockedAnd)((volatile pool_long *)x, (pool_long)n);
}
static inline pool_word pool_or(pool_word *x, pool_word n) {
    return (pool_word)POOL_ATOMIC(InterlockedOr)((volatile pool_long *)x, (pool_long)n);
}
static inline pool_word pool_swap(pool_word *x, pool_word n) {
    return (pool_word)POOL_ATOMIC(InterlockedExchange)((volatile pool_long *)x, (pool_long)n);
}
static inline int pool_replace(pool_word *x, pool_word *old, pool_word n) {
    pool_word found = (pool_word)POOL_ATOMIC(InterlockedCompareExchange)((volatile pool_long *)x, (pool_long)n, (pool_long)*old);
    int same = found == *old;
    *old = found;
    return same;
}
static inline pool_word pool_load(pool_word *x) { return pool_add(x, 0); }

typedef SRWLOCK pool_mutex;
typedef CONDITION_VARIABLE pool_condition;
#define POOL_MUTEX SRWLOCK_INIT
#define POOL_CONDITION CONDITION_VARIABLE_INIT
#define pool_lock(mutex) AcquireSRWLockExclusive(mutex)
#define pool_unlock(mutex) ReleaseSRWLockExclusive(mutex)
#define pool_sleep(condition, mutex) SleepConditionVariableSRW(condition, mutex, INFINITE, 0)
#define pool_signal(condition) WakeConditionVariable(condition)
#define pool_yield() SwitchToThread()
static inline int64_t pool_now(void) {
    LARGE_INTEGER ticks, second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&second);
    return (int64_t)((double)ticks.QuadPart / (double)second.QuadPart * 1e9);
}
#else
#define pool_load(x) __atomic_load_n(x, __ATOMIC_SEQ_CST)
#define pool_add(x, n) __atomic_fetch_add(x, n, __ATOMIC_SEQ_CST)
#define pool_and(x, n) __atomic_fetch_and(x, n, __ATOMIC_SEQ_CST)
#define pool_or(x, n) __atomic_fetch_or(x, n, __ATOMIC_SEQ_CST)
#define pool_swap(x, n) __atomic_exchange_n(x, n, __ATOMIC_SEQ_CST)
#define pool_replace(x, old, n) __atomic_compare_exchange_n(x, old, n, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

typedef pthread_mutex_t pool_mutex;
typedef pthread_cond_t pool_condition;
#define POOL_MUTEX PTHREAD_MUTEX_INITIALIZER
#define POOL_CONDITION PTHREAD_COND_INITIALIZER
#define pool_lock(mutex) pthread_mutex_lock(mutex)
#define pool_unlock(mutex) pthread_mutex_unlock(mutex)
#define pool_sleep(condition, mutex) pthread_cond_wait(condition, mutex)
#define pool_signal(condition) pthread_cond_signal(condition)
#define pool_yield() sched_yield()
static inline int64_t pool_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
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
