/* A disk that fails, for a process that preloads this library: from the FAIL_FROM-th call of the
 * kind FAIL_CALL ("write" or "sync") on, calls return the error FAIL_ERROR for as long as the file
 * FAIL_WHILE exists. The first failure creates the file FAIL_MARK. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static int fails(const char *kind) {
    if (strcmp(setting("FAIL_CALL"), kind) != 0) return 0;
    if (__sync_add_and_fetch(&calls, 1) < atol(setting("FAIL_FROM"))) return 0;
    if (access(setting("FAIL_WHILE"), F_OK) != 0) return 0;
    int mark = open(setting("FAIL_MARK"), O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (mark >= 0) close(mark);
    errno = atoi(setting("FAIL_ERROR"));
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fails("write") ? -1 : NEXT(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return fails("write") ? -1 : NEXT(pwrite64)(file, bytes, count, offset);
}

int fsync(int file) {
    return fails("sync") ? -1 : NEXT(fsync)(file);
}

int fdatasync(int file) {
    return fails("sync") ? -1 : NEXT(fdatasync)(file);
}

int sync_file_range(int file, off64_t offset, off64_t count, unsigned int flags) {
    return fails("sync") ? -1 : NEXT(sync_file_range)(file, offset, count, flags);
}
