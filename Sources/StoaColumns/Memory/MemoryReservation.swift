import Glibc

/// Bytes that an operator knows it will allocate, counted by a pool beforehand so that operators on other threads see them.
/// Given back with the last reference.
///
/// Guard: used by one thread at a time.
package final class MemoryReservation {
    private let pool: MemoryPool
    /// Bytes announced now.
    package private(set) var byteCount = 0

    package init(in pool: MemoryPool) { self.pool = pool }

    /// Announces so many bytes, in place of those before.
    package func set(_ bytes: Int) {
        if bytes == byteCount { return }
        pool.reserve(bytes - byteCount)
        byteCount = bytes
    }

    deinit { set(0) }
}

/// What a thread has allocated from pools and not freed: what a call leaves behind is the difference over it.
package enum ThreadBytes {
    // The value itself is the thread's data: no memory that has to be freed with the thread.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key, nil)
        precondition(status == 0, "no thread-local key left for a thread's bytes (error \(status))")
        return key
    }()

    /// Net bytes of this thread since it began; memory that another thread frees counts there.
    package static var current: Int { Int(bitPattern: pthread_getspecific(key)) }

    static func add(_ bytes: Int) {
        pthread_setspecific(key, UnsafeRawPointer(bitPattern: Int(bitPattern: pthread_getspecific(key)) &+ bytes))
    }
}
