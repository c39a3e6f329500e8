#define _GNU_SOURCE
#include "CStoaProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

static char *executor_marker;

// Before main: what the program starts on its way to its session must neither take itself for an executor nor hold the
// channel open.
__attribute__((constructor)) static void take_marker(void) {
    const char *value = getenv(STOA_EXECUTOR_VARIABLE);
    if (!value) return;
    executor_marker = strdup(value);
    unsetenv(STOA_EXECUTOR_VARIABLE);
    const char *second = strchr(value, ':');
    if (second) fcntl(atoi(second + 1), F_SETFD, FD_CLOEXEC);
}

const char *stoa_executor_marker(void) { return executor_marker; }

char *const *stoa_environment(void) { return environ; }

// The child between vfork and exec: it shares the memory of the caller, whose thread waits.
static int become(
    const char *path, char *const arguments[], char *const environment[], int input, int output, int errors,
    int channel, pid_t parent, const sigset_t *mask) {
    // A handler of the caller's must not run here; exec resets them anyway.
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) != 0 || action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL)
            continue;
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigaction(signal, &action, NULL);
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    if (getppid() != parent) _exit(127);
    // A group of its own: a terminal's interrupt is the driver's to answer.
    setpgid(0, 0);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) return errno;
    // What the caller forgot to mark must not live on here. An old kernel has no such call; then it does live on.
    syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
    if (fcntl(channel, F_SETFD, 0) != 0) return errno;
    sigprocmask(SIG_SETMASK, mask, NULL);
    execve(path, arguments, environment);
    return errno;
}

int stoa_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output, int errors,
    int channel, pid_t *pid) {
    pid_t parent = getpid();
    volatile int failure = 0;
    sigset_t all, mask, none;
    sigfillset(&all);
    sigemptyset(&none);
    if (pthread_sigmask(SIG_SETMASK, &all, &mask) != 0) return errno;
    pid_t child = vfork();
    if (child == 0) {
        failure = become(path, arguments, environment, input, output, errors, channel, parent, &none);
        _exit(127);
    }
    int forked = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (forked) return forked;
    *pid = child;
    return failure;
}

int stoa_memory_file(const char *name, size_t byte_count) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -errno;
    if (ftruncate(file, (off_t)byte_count) != 0
        || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int error = errno;
        close(file);
        return -error;
    }
    return file;
}

ssize_t stoa_send(int socket, const void *bytes, size_t count, int descriptor, int waits) {
    struct iovec part = {(void *)bytes, count};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ssize_t stoa_receive(
    int socket, void *bytes, size_t count, int *descriptors, int capacity, int *descriptor_count, int waits) {
    struct iovec part = {bytes, count};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
    while (received < 0 && errno == EINTR);
    *descriptor_count = 0;
    if (received < 0) return -errno;
    int is_too_many = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int came = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int number = 0; number < came; number++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + number * sizeof(int), sizeof(int));
            if (*descriptor_count < capacity) {
                descriptors[(*descriptor_count)++] = descriptor;
            } else {
                close(descriptor);
                is_too_many = 1;
            }
        }
    }
    return is_too_many ? -EMFILE : received;
}

int stoa_socket_pair(int sockets[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0 ? 0 : errno;
}

int stoa_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0) return 0;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    return error;
}

void stoa_print(const void *bytes, size_t count, int is_error) {
    FILE *file = is_error ? stderr : stdout;
    // Where nobody reads any more there is nobody to tell.
    fwrite(bytes, 1, count, file);
    fflush(file);
}

void stoa_write_lines(void) {
    fflush(NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

uint32_t stoa_crc32c(uint32_t checksum, const void *bytes, size_t count) {
    const uint8_t *rest = bytes;
    uint32_t state = ~checksum;
#if defined(__SSE4_2__) || defined(__ARM_FEATURE_CRC32)
    for (; count >= 8; count -= 8, rest += 8) {
        uint64_t word;
        memcpy(&word, rest, 8);
#if defined(__SSE4_2__)
        state = (uint32_t)_mm_crc32_u64(state, word);
#else
        state = __crc32cd(state, word);
#endif
    }
#endif
    for (; count > 0; count--, rest++) {
        state ^= *rest;
        for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ (0x82F63B78 & (0 - (state & 1)));
    }
    return ~state;
}
