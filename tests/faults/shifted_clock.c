/*
 * Shifts the time of day for the processes that load this library with LD_PRELOAD.
 *
 * SHIFTED_CLOCK names a file of 8 bytes: the offset in nanoseconds, a signed integer, which is read
 * at each call. Waits until a time of day use the shifted clock: if the clock is set back during a
 * wait, the wait lasts that much longer, as with the kernel's clock.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define SLICE (SECOND / 50)
#define YEAR_2000 946684800

static const volatile int64_t *shift;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SHIFTED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        abort();
    shift = page;
    close(file);
}

static int64_t real_now(clockid_t clock) {
    struct timespec now;
    syscall(SYS_clock_gettime, clock, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static int is_time_of_day(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static struct timespec as_timespec(int64_t nanoseconds) {
    return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!is_time_of_day(clock))
        return syscall(SYS_clock_gettime, clock, now);
    *now = as_timespec(real_now(CLOCK_REALTIME) + *shift);
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    int64_t nanoseconds = real_now(CLOCK_REALTIME) + *shift;
    *now = (struct timeval){nanoseconds / SECOND, nanoseconds % SECOND / 1000};
    return 0;
}

time_t time(time_t *result) {
    time_t now = (real_now(CLOCK_REALTIME) + *shift) / SECOND;
    return result ? *result = now : now;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!wait)
        wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (until->tv_sec < YEAR_2000) // a time of the monotonic clock
        return wait(condition, mutex, until);
    int64_t end = until->tv_sec * SECOND + until->tv_nsec;
    for (;;) {
        int64_t left = end - real_now(CLOCK_REALTIME) - *shift;
        if (left <= 0)
            return ETIMEDOUT;
        struct timespec slice = as_timespec(real_now(CLOCK_REALTIME) + (left < SLICE ? left : SLICE));
        int result = wait(condition, mutex, &slice);
        if (result != ETIMEDOUT)
            return result;
    }
}

// glibc's cnd_timedwait calls its own pthread_cond_timedwait, not the one above.
int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                  const struct timespec *restrict until) {
    int result =
        pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}
