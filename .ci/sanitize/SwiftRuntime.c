// Tells ThreadSanitizer of the order that Swift's runtime libraries establish. They are not instrumented, so the sanitizer sees
// neither a contended `Mutex` nor the reference count that makes an array's buffer one's own, and takes both for races.
// Preloaded by sanitize.sh.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define NEXT(type, name)  \
    static type next;     \
    if (!next) next = (type)dlsym(RTLD_NEXT, name)

// ---- Synchronization.Mutex: the calls of a lock that another thread holds -------------------------------------------

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

typedef void SWIFT (*LockSlow)(uint32_t thread, SELF void *handle);
typedef bool SWIFT (*TryLockSlow)(SELF void *handle);
typedef void SWIFT (*UnlockSlow)(SELF void *handle);

SWIFT void stoa_lock_slow(uint32_t thread, SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void stoa_lock_slow(uint32_t thread, SELF void *handle) {
    NEXT(LockSlow, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    next(thread, handle);
    __tsan_acquire(handle);
}

SWIFT bool stoa_try_lock_slow(SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT bool stoa_try_lock_slow(SELF void *handle) {
    NEXT(TryLockSlow, "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
    bool isLocked = next(handle);
    if (isLocked) __tsan_acquire(handle);
    return isLocked;
}

SWIFT void stoa_unlock_slow(SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT void stoa_unlock_slow(SELF void *handle) {
    NEXT(UnlockSlow, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    __tsan_release(handle);
    next(handle);
}

// ---- reference counts --------------------------------------------------------------------------------------------------

typedef void (*Release)(void *object);
typedef void (*ReleaseMany)(void *object, uint32_t count);
typedef bool (*IsUnique)(const void *object);

void swift_release(void *object) {
    NEXT(Release, "swift_release");
    if ((intptr_t)object > 0) __tsan_release(object);
    next(object);
}

void swift_release_n(void *object, uint32_t count) {
    NEXT(ReleaseMany, "swift_release_n");
    if ((intptr_t)object > 0) __tsan_release(object);
    next(object, count);
}

#define UNIQUE(name)                                                     \
    bool name(const void *object) {                                      \
        NEXT(IsUnique, #name);                             \
        bool isUnique = next(object);                                    \
        if (isUnique && (intptr_t)object > 0) __tsan_acquire((void *)object); \
        return isUnique;                                                 \
    }
UNIQUE(swift_isUniquelyReferenced_native)
UNIQUE(swift_isUniquelyReferenced_nonNull_native)
UNIQUE(swift_isUniquelyReferencedNonObjC)
UNIQUE(swift_isUniquelyReferencedNonObjC_nonNull)
UNIQUE(swift_isUniquelyReferencedNonObjC_nonNull_bridgeObject)

// ---- continuations: what the resuming thread wrote is seen by the task --------------------------------------------------

typedef void SWIFT (*Resume)(void *context);
#define RESUME(name)                                       \
    SWIFT void name(void *context) {                       \
        NEXT(Resume, #name);               \
        __tsan_release(context);                           \
        next(context);                                     \
    }
RESUME(swift_continuation_resume)
RESUME(swift_continuation_throwingResume)

// A task that awaits what has been resumed already goes on without being scheduled again.
#define ASYNC __attribute__((swiftasynccall))
typedef void ASYNC (*Await)(void *context);
ASYNC void swift_continuation_await(void *context) {
    NEXT(Await, "swift_continuation_await");
    __tsan_acquire(context);
    __attribute__((musttail)) return next(context);
}
