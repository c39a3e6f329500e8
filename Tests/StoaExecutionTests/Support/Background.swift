import StoaTasks
import Synchronization

/// Runs on a thread of its own, and gives the result when asked.
final class Background<Value: Sendable>: Sendable {
    private let result = Kept()
    private let thread: NamedThread

    private final class Kept: Sendable {
        let value = Mutex<Value?>(nil)
    }

    init(_ body: @escaping @Sendable () -> Value) throws {
        thread = try NamedThread.start(name: "test") { [result] in
            let value = body()
            result.value.withLock { $0 = value }
        }
    }

    func wait() -> Value {
        thread.join()
        guard let value = result.value.withLock({ $0 }) else {
            preconditionFailure("a thread ended without its result")
        }
        return value
    }
}
