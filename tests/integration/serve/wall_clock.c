/* Shifts the wall clock of one process by as many seconds as a file says; its steady clock goes on. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, id, time);
    const char *path = getenv("WALL_CLOCK");
    if (id != CLOCK_REALTIME || result != 0 || !path) {
        return (int)result;
    }
    char text[32] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) {
            time->tv_sec += atol(text);
        }
        close(file);
    }
    return 0;
}
