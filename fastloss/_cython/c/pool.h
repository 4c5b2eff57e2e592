/* Threads that share the chunks of a batch with the thread that asks for them.
 *
 * Nobody waits for a processor. The caller takes chunks like everybody else, each thread from a range of its own first, so that
 * repeated calls find their numbers in the cache of the same processor, and then from the others'. Once all are taken it closes
 * the job, and waits for helpers that are inside one; who wakes later finds no seat. Seats and helpers inside are one word, and
 * nothing else of a job is read without a seat: a job can neither end under a helper nor be taken for another. */
#pragma once
#include <fenv.h>
#include <stddef.h>

#include "threads.h"

enum {
    POOL_MOST = 1024,               /* threads, the caller among them */
    POOL_SEAT = 1 << 16,            /* `seats` counts free seats by this, and helpers inside by 1 */
    POOL_SPIN = 30000,              /* nanoseconds: what it takes to fall asleep and be woken */
    POOL_STACK = 1 << 20,           /* bytes: some systems give a thread less than chunks use */
    POOL_SLICE = 300000,            /* nanoseconds: less than a helper without processor keeps its caller waiting */
    POOL_REST = 10,                 /* times as long as that callers then work alone */
    POOL_REFUSED = 1000000000       /* nanoseconds from a thread that the system did not give to another attempt */
};

/* Chunk `chunk`, by thread number `thread` of the job; not 0: it failed. */
typedef int (*pool_task)(void *context, ptrdiff_t chunk, int thread);

typedef struct {
    pool_word next, end;            /* chunks that are still to be taken */
    char apart[128 - 2 * sizeof(pool_word)];    /* no two in a line of a cache, nor in the pair that is fetched together */
} pool_range;

typedef struct {
    pool_word seats;                /* helpers watch it: in a line of its own */
    char apart[128 - sizeof(pool_word)];
    pool_word owned;                /* some caller's job is in it */
    pool_word helpers, sleeping;
    pool_word waiting;              /* the caller sleeps, until the last helper is out */
    pool_word failed;
    pool_task task;
    void *context;
    fenv_t environment;             /* the caller's rounding and flushing hold for its helpers */
    int threads;
    int64_t rest, refused;          /* until when callers work alone; and until when no more helpers are asked for */
    pool_mutex mutex;               /* of those who sleep */
    pool_condition work, done;
} pool_state;

static pool_state pool = {.mutex = POOL_MUTEX, .work = POOL_CONDITION, .done = POOL_CONDITION};
static pool_range pool_ranges[POOL_MOST];

/* Whether the seats come into a range within a moment. If they do not come soon, a helper offers its processor to others: it had
 * better lose it now than inside a chunk. */
static int pool_spin(pool_word least, pool_word most, int yields) {
    int64_t now, end = pool_now() + POOL_SPIN;
    do {
        for (int i = 0; i < 32; i++) {
            pool_word seats = pool_load(&pool.seats);
            if (least <= seats && seats <= most) return 1;
            pool_pause();
        }
        now = pool_now();
        if (yields && now > end - POOL_SPIN / 2) pool_yield();
    } while (now < end);
    return 0;
}

/* A seat in the job, by which the thread is known there; 0: none is free. */
static int pool_enter(void) {
    pool_word seats = pool_load(&pool.seats);
    while (seats >= POOL_SEAT)
        if (pool_replace(&pool.seats, &seats, seats - POOL_SEAT + 1)) return (int)(seats / POOL_SEAT);
    return 0;
}

static void pool_leave(void) {
    if (pool_add(&pool.seats, -1) != 1 || !pool_load(&pool.waiting)) return;
    pool_lock(&pool.mutex);
    pool_signal(&pool.done);
    pool_unlock(&pool.mutex);
}

/* Two helpers, if seats are left for them; these wake two others each. No lock, which a helper might hold and lose its processor:
 * one that is just falling asleep and misses this is missed for one job. */
static void pool_wake(void) {
    pool_word seats = pool_load(&pool.seats), sleeping = pool_load(&pool.sleeping);
    pool_word idle = pool_load(&pool.helpers) - sleeping - seats % POOL_SEAT, wanted = seats / POOL_SEAT - idle;
    for (int i = 0; i < 2 && i < wanted && i < sleeping; i++) pool_signal(&pool.work);
}

/* Chunks, as long as there are any. */
static int pool_work(int thread) {
    int failed = 0;
    for (int k = 0; k < pool.threads && !failed; k++) {
        pool_range *range = &pool_ranges[(thread + k) % pool.threads];
        while (!failed && pool_load(&range->next) < range->end) {
            pool_word chunk = pool_add(&range->next, 1);
            if (chunk >= range->end) break;
            failed = pool.task(pool.context, chunk, thread);
        }
    }
    return failed;
}

static void pool_help(void) {
    for (;;) {
        int thread = pool_enter();
        if (thread) {
            pool_wake();
            fesetenv(&pool.environment);
            if (pool_work(thread)) pool_swap(&pool.failed, 1);
            pool_leave();
        } else if (!pool_spin(POOL_SEAT, INTPTR_MAX, 1)) {
            pool_lock(&pool.mutex);
            pool_add(&pool.sleeping, 1);
            while (pool_load(&pool.seats) < POOL_SEAT) pool_sleep(&pool.work, &pool.mutex);
            pool_add(&pool.sleeping, -1);
            pool_unlock(&pool.mutex);
        }
    }
}

#if defined(_WIN32)
static unsigned __stdcall pool_begin(void *nothing) {
    (void)nothing;
    pool_help();
    return 0;
}

static int pool_hire(void) {
    HANDLE thread = (HANDLE)_beginthreadex(NULL, POOL_STACK, pool_begin, NULL, 0, NULL);
    return thread != NULL && CloseHandle(thread);
}
#else
static void *pool_begin(void *nothing) {
    pool_help();
    return nothing;
}

/* A forked child has none of the helpers, and its parent's job is not its own. */
static void pool_in_child(void) {
    static const pool_state nobody = {.mutex = POOL_MUTEX, .work = POOL_CONDITION, .done = POOL_CONDITION};
    pool = nobody;
}

/* Another helper, which ends with the process and leaves signals to the other threads, but for those that are of its own making. */
static int pool_hire(void) {
    static int forks_seen = 0;
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t mask, before;
    int hired;
    if (!forks_seen) forks_seen = pthread_atfork(NULL, NULL, pool_in_child) == 0;
    if (!forks_seen || pthread_attr_init(&attributes)) return 0;
    sigfillset(&mask);
    for (int i = 0; i < 4; i++) sigdelset(&mask, own[i]);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, POOL_STACK);
    pthread_sigmask(SIG_SETMASK, &mask, &before);
    hired = pthread_create(&thread, &attributes, pool_begin, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return hired;
}
#endif

/* Wait for the helpers that are inside a chunk. If that took longer than it would have taken the caller to do their work, other
 * processes need the processors. */
static void pool_finish(int64_t began) {
    int64_t alone = pool_now(), waited;
    if (!pool_spin(0, 0, 0)) {
        pool_lock(&pool.mutex);
        pool_swap(&pool.waiting, 1);
        while (pool_load(&pool.seats)) pool_sleep(&pool.done, &pool.mutex);
        pool_swap(&pool.waiting, 0);
        pool_unlock(&pool.mutex);
    }
    waited = pool_now() - alone;
    if (waited > POOL_SLICE && waited > (alone - began) * (pool.threads - 1)) pool.rest = pool_now() + POOL_REST * waited;
}

/* Helpers for so many threads, as far as there are any. */
static int pool_staff(int threads, int64_t now) {
    while (pool_load(&pool.helpers) < threads - 1 && now >= pool.refused) {
        if (pool_hire()) pool_add(&pool.helpers, 1);
        else pool.refused = now + POOL_REFUSED;
    }
    return pool_load(&pool.helpers) < threads - 1 ? (int)pool_load(&pool.helpers) + 1 : threads;
}

/* A job on so many threads. */
static int pool_share(pool_task task, void *context, ptrdiff_t count, int threads, int64_t began) {
    int failed;
    pool.task = task;
    pool.context = context;
    pool.threads = threads;
    fegetenv(&pool.environment);
    for (int i = 0; i < threads; i++) {
        pool_ranges[i].end = count / threads * (i + 1) + count % threads * (i + 1) / threads;
        pool_swap(&pool_ranges[i].next, i ? pool_ranges[i - 1].end : 0);
    }
    pool_swap(&pool.failed, 0);
    pool_swap(&pool.seats, (pool_word)(threads - 1) * POOL_SEAT);
    pool_wake();
    failed = pool_work(0);
    if (pool_and(&pool.seats, POOL_SEAT - 1) % POOL_SEAT) pool_finish(began);
    return failed | (int)pool_load(&pool.failed);
}

/* Do a task for every chunk, on at most so many threads: fewer if there are not as many, and one where another caller's job is
 * under way. Not 0: a chunk failed, and others may have been left out. */
static int pool_run(pool_task task, void *context, ptrdiff_t count, int threads) {
    int failed = 0, shared = 0;
    if (threads > POOL_MOST) threads = POOL_MOST;
    if (threads > count) threads = (int)count;
    if (threads > 1 && !pool_swap(&pool.owned, 1)) {
        int64_t now = pool_now();
        if (now >= pool.rest) threads = pool_staff(threads, now);
        shared = now >= pool.rest && threads > 1;
        if (shared) failed = pool_share(task, context, count, threads, now);
        pool_swap(&pool.owned, 0);
    }
    for (ptrdiff_t i = 0; i < count && !failed && !shared; i++) failed = task(context, i, 0);
    return failed;
}
