import Glibc
import Synchronization

/// Runs on a thread of its own, and gives the result when asked.
final class Background<Value: Sendable>: Sendable {
    private let result = Kept()
    private let thread: pthread_t

    private final class Kept: Sendable {
        let value = Mutex<Value?>(nil)
    }

    init(_ body: @escaping @Sendable () -> Value) {
        thread = startThread { [result] in
            let value = body()
            result.value.withLock { $0 = value }
        }
    }

    func wait() -> Value {
        pthread_join(thread, nil)
        guard let value = result.value.withLock({ $0 }) else {
            preconditionFailure("a thread ended without its result")
        }
        return value
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ own: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let own else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(own).takeRetainedValue().run()
    return nil
}

private func startThread(_ run: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, runThread, Unmanaged.passRetained(ThreadBody(run)).toOpaque())
    precondition(status == 0, "no thread")
    return thread
}
