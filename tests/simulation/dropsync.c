/* A power cut for tests: remembers how to undo every write that was not yet synced.
 *
 * Preloaded into a process (LD_PRELOAD), it appends to one undo file per inode, before each write, the bytes that
 * the write is about to replace; fsync and fdatasync empty that file. After the processes are killed, the test
 * applies what is left, newest first, and the files are as a disk would hold them that lost all unsynced writes.
 *
 * DROPSYNC_ROOT: only files below this directory.   DROPSYNC_UNDO: where the undo files go.
 * An undo record: offset, size before, length of old bytes (three uint64), old bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_ours(const char *path) {
    const char *root = getenv("DROPSYNC_ROOT");
    return root && strncmp(path, root, strlen(root)) == 0 && !strstr(path, "-shm");
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static void undo_path(const struct stat *file, char *path, const char *suffix) {
    snprintf(path, PATH_MAX, "%s/%lu-%lu.%s", getenv("DROPSYNC_UNDO"), (unsigned long)file->st_dev,
             (unsigned long)file->st_ino, suffix);
}

static int open_undo(const struct stat *file) {
    char path[PATH_MAX];
    undo_path(file, path, "undo");
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) flock(fd, LOCK_EX);
    return fd;
}

static void close_undo(int fd) { syscall(SYS_close, fd); }

static void append(int fd, const void *bytes, size_t length) {
    const char *at = bytes;
    while (length) {
        long done = syscall(SYS_write, fd, at, length);
        if (done <= 0) abort();
        at += done;
        length -= (size_t)done;
    }
}

/* Through the file's own descriptor where that can read: to open and close the file once more would drop the POSIX
 * locks that SQLite holds on it, and let another process delete a log that is in use. */
static void read_old(int fd, const char *path, char *bytes, uint64_t length, off_t offset) {
    if (syscall(SYS_pread64, fd, bytes, length, offset) == (long)length) return;
    int reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (reader < 0 || syscall(SYS_pread64, reader, bytes, length, offset) != (long)length) abort();
    syscall(SYS_close, reader);
}

/* Remember the bytes of fd at [offset, offset + length), and its size. */
static void remember(int fd, off_t offset, size_t length) {
    char path[PATH_MAX], named[PATH_MAX];
    struct stat file;
    int kept_errno = errno;
    if (!path_of(fd, path) || fstat(fd, &file) || !S_ISREG(file.st_mode)) { errno = kept_errno; return; }
    int undo = open_undo(&file);
    if (undo < 0) abort();
    undo_path(&file, named, "path");
    if (access(named, F_OK)) {
        int name = (int)syscall(SYS_openat, AT_FDCWD, named, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        append(name, path, strlen(path));
        syscall(SYS_close, name);
    }
    uint64_t old = offset >= file.st_size ? 0 : (uint64_t)(file.st_size - offset);
    if (old > length) old = length;
    char *bytes = malloc(sizeof(uint64_t) * 3 + old);
    uint64_t head[3] = {(uint64_t)offset, (uint64_t)file.st_size, old};
    memcpy(bytes, head, sizeof head);
    if (old) read_old(fd, path, bytes + sizeof head, old, offset);
    append(undo, bytes, sizeof head + old);
    free(bytes);
    close_undo(undo);
    errno = kept_errno;
}

static void forget(const struct stat *file) {
    int undo = open_undo(file);
    if (undo >= 0) {
        if (ftruncate(undo, 0)) abort();
        close_undo(undo);
    }
}

static void forget_path(const char *path) { /* the inode goes away: its number may come back as another file */
    struct stat file;
    char undo[PATH_MAX];
    if (!getenv("DROPSYNC_UNDO") || stat(path, &file)) return;
    if (file.st_nlink > 1) return;
    undo_path(&file, undo, "undo");
    syscall(SYS_unlink, undo);
    undo_path(&file, undo, "path");
    syscall(SYS_unlink, undo);
}

static off_t position(int fd) {
    int flags = fcntl(fd, F_GETFL);
    struct stat file;
    if (flags >= 0 && (flags & O_APPEND) && !fstat(fd, &file)) return file.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

static int is_tracked(int fd) {
    struct stat file;
    char path[PATH_MAX];
    int kept_errno = errno;
    int tracked = fd > 2 && !fstat(fd, &file) && S_ISREG(file.st_mode) && path_of(fd, path);
    errno = kept_errno;
    return tracked;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (is_tracked(fd)) remember(fd, position(fd), length);
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    if (is_tracked(fd)) remember(fd, position(fd), length);
    return REAL(writev)(fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    if (is_tracked(fd)) remember(fd, offset, length);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    if (is_tracked(fd)) remember(fd, offset, length);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static void remember_cut(int fd, off_t size) {
    struct stat file;
    if (!is_tracked(fd) || fstat(fd, &file)) return;
    remember(fd, size, file.st_size > size ? (size_t)(file.st_size - size) : 0);
}

int ftruncate(int fd, off_t size) {
    remember_cut(fd, size);
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) {
    remember_cut(fd, size);
    return (int)syscall(SYS_ftruncate, fd, size);
}

static int synced(int fd, int result) {
    struct stat file;
    char path[PATH_MAX];
    if (!result && path_of(fd, path) && !fstat(fd, &file) && S_ISREG(file.st_mode)) forget(&file);
    return result;
}

int fsync(int fd) { return synced(fd, (int)syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return synced(fd, (int)syscall(SYS_fdatasync, fd)); }

static void before_open(int directory, const char *path, int flags) {
    if (!(flags & O_TRUNC) || path[0] != '/' || !is_ours(path)) return;
    int fd = (int)syscall(SYS_openat, directory, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    remember_cut(fd, 0);
    syscall(SYS_close, fd);
}

#define OPEN(directory)                                       \
    mode_t mode = 0;                                          \
    if (flags & (O_CREAT | O_TMPFILE)) {                      \
        va_list rest;                                         \
        va_start(rest, flags);                                \
        mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                         \
    }                                                         \
    before_open(directory, path, flags);                      \
    return (int)syscall(SYS_openat, directory, path, flags, mode)

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int openat(int directory, const char *path, int flags, ...) { OPEN(directory); }
int openat64(int directory, const char *path, int flags, ...) { OPEN(directory); }

int unlink(const char *path) {
    forget_path(path);
    return (int)syscall(SYS_unlink, path);
}

int unlinkat(int directory, const char *path, int flags) {
    if (path[0] == '/') forget_path(path);
    return (int)syscall(SYS_unlinkat, directory, path, flags);
}

int rename(const char *from, const char *to) {
    forget_path(to);
    return (int)syscall(SYS_rename, from, to);
}
