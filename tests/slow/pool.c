/* Drives the pool alone, hard, for ThreadSanitizer: many callers, numbers of threads that change, forks, failures, a busy exit. */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLERS = 6, CHUNKS = 300, MOST = 9, ROUNDS = 1500 };

typedef struct {
    long results[CHUNKS];           /* written by whoever has the chunk */
    long scratch[MOST];             /* written by the thread of that number alone, without any lock */
    int inside[MOST];
    int count, threads, bad;        /* `bad`: the chunk that fails */
} job;

static void check(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "wrong: %s\n", what);
    abort();
}

static int chunk(void *context, ptrdiff_t i, int thread) {
    job *self = context;
    check(thread >= 0 && thread < self->threads, "number of a thread");
    check(i >= 0 && i < self->count, "number of a chunk");
    check(self->inside[thread]++ == 0, "one thread to a number");
    self->scratch[thread] = i + 1;
    for (int k = 0; k < 20; k++) self->scratch[thread] += k;
    if (i == 0 && self->bad > 0) usleep(300);   /* the chunk that fails is then a helper's */
    self->results[i] += self->scratch[thread] - 190;
    self->inside[thread]--;
    return i == self->bad;
}

static void once(unsigned *random, int fails) {
    job *self = calloc(1, sizeof(job));     /* freed at once: a helper that is late must not touch it */
    int failed;
    self->count = 1 + (int)((*random = *random * 1103515245 + 12345) >> 16) % CHUNKS;
    self->threads = 1 + (int)(*random >> 8) % MOST;
    self->bad = fails ? self->count / 2 : -1;
    failed = pool_run(chunk, self, self->count, self->threads);
    check(failed == fails, "a chunk's failure");
    for (int i = 0; i < self->count && !fails; i++) check(self->results[i] == i + 1, "every chunk once");
    free(self);
}

static void *caller(void *seed) {
    unsigned random = (unsigned)(intptr_t)seed;
    for (int i = 0; i < ROUNDS; i++) {
        once(&random, i % 50 == 7);
        if (i % 100 == 0) usleep(200);      /* helpers fall asleep */
    }
    return NULL;
}

static void *forking(void *seed) {
    unsigned random = (unsigned)(intptr_t)seed;
    for (int i = 0; i < 10; i++) {
        int status;
        pid_t child;
        once(&random, 0);
        child = fork();
        if (child == 0) {
            alarm(60);
            check(!pool_load(&pool.helpers) && !pool_load(&pool.owned) && !pool_load(&pool.seats), "nothing of the parent's job");
            for (int k = 0; k < 20; k++) once(&random, 0);
            _exit(pool_load(&pool.helpers) > 0 ? 0 : 3);
        }
        check(waitpid(child, &status, 0) == child, "a child");
        check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child computes, on helpers of its own");
    }
    return NULL;
}

static void *endless(void *seed) {
    for (unsigned random = (unsigned)(intptr_t)seed;;) once(&random, 0);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[CALLERS + 1];
    int forks = argc > 1 && argv[1][0] == 'f';
    for (intptr_t i = 0; i < CALLERS; i++) check(!pthread_create(&threads[i], NULL, caller, (void *)(i + 1)), "a caller");
    if (forks) check(!pthread_create(&threads[CALLERS], NULL, forking, (void *)99), "who forks");
    for (int i = 0; i < CALLERS + forks; i++) check(!pthread_join(threads[i], NULL), "an end");
    check(pool_load(&pool.helpers) <= MOST - 1, "no more helpers than were asked for");
    check(!pthread_create(&threads[0], NULL, endless, (void *)7), "a caller at the end");
    usleep(1000);
    puts("done");
    return 0;                               /* helpers are inside chunks, or asleep */
}
