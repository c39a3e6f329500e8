// What Linux offers for processes that work together and Swift cannot call: vfork, descriptors over a socket, sealed memory
// files; and the checksum of frames, which processors have an instruction for.
#ifndef CSTOAPROCESS_H
#define CSTOAPROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The value that the environment variable STOA_EXECUTOR had when the program was loaded, NULL when it had none. Loading has
// removed it from the environment and marked the descriptor that it names to be closed in programs that this one starts.
const char *stoa_executor_marker(void);

// The name of that variable.
#define STOA_EXECUTOR_VARIABLE "STOA_EXECUTOR"

// The environment: texts NAME=VALUE, then NULL.
char *const *stoa_environment(void);

// Starts a program in a process group of its own that the kernel kills when the calling thread ends. Of the caller's
// descriptors it gets `input`, `output` and `errors` as 0, 1 and 2, and `channel` under the same number. Returns 0 and the
// process in `pid`, or the number of the error.
int stoa_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output, int errors,
    int channel, pid_t *pid);

// A memory file of that size, all zero, which occupies memory where it has been written, and which nobody can shrink or
// grow. Returns its descriptor, or minus the number of the error.
int stoa_memory_file(const char *name, size_t byte_count);

// Sends bytes, with a descriptor unless it is negative. Waits only when `waits` is not 0. Returns how many were sent (at
// least 1 when the descriptor went along), or minus the number of the error.
ssize_t stoa_send(int socket, const void *bytes, size_t count, int descriptor, int waits);

// Receives bytes, and up to `capacity` descriptors that came along, which are closed in programs that are started later.
// Waits only when `waits` is not 0. Returns how many bytes came, 0 at the end, or minus the number of the error; EMFILE
// when descriptors came that this process had no room for.
ssize_t stoa_receive(
    int socket, void *bytes, size_t count, int *descriptors, int capacity, int *descriptor_count, int waits);

// Two connected stream sockets, both closed in programs that are started later. Returns 0 or the number of the error.
int stoa_socket_pair(int sockets[2]);

// A pipe whose ends are closed in programs that are started later; reading never waits. Returns 0 or the number of the error.
int stoa_pipe(int ends[2]);

// Writes text to this process's standard output or error, behind what the program itself has printed there.
void stoa_print(const void *bytes, size_t count, int is_error);

// Lets standard output be written line by line, as to a terminal, and writes what it holds.
void stoa_write_lines(void);

// CRC-32C (Castagnoli) of bytes, continued from `checksum` (0 at the start).
uint32_t stoa_crc32c(uint32_t checksum, const void *bytes, size_t count);

#endif
