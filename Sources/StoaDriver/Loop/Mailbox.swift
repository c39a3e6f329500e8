import Glibc
import StoaTasks
import Synchronization

/// The one way into a serial loop: any thread posts, the loop's thread takes all messages at once.
///
/// Holds at most what is under way: one answer a running attempt, and the calls of the session.
package final class Mailbox<Message: Sendable>: @unchecked Sendable {
    // Unchecked: what changes is guarded by `lock` or atomic.

    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var messages: [Message] = []
    private var isOwnerAsleep = false
    private var isClosed = false
    /// Whether there is a message, for a look without the lock.
    private let hasMail = Atomic<Bool>(false)

    package init() {}

    /// Adds a message; false when the mailbox is closed and nobody will read it.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        lock.lock()
        if isClosed {
            lock.unlock()
            return false
        }
        messages.append(message)
        hasMail.store(true, ordering: .releasing)
        let mustWake = isOwnerAsleep
        isOwnerAsleep = false
        lock.unlock()
        // The owner needs the lock at once: it is woken when the lock is free.
        if mustWake { lock.wakeOne() }
        return true
    }

    /// Replaces `taken` by all messages, in the order they came; waits for one, at longest until the deadline.
    ///
    /// - Parameter spinNanoseconds: how long to look, giving the processor to others in between, before going to sleep.
    func takeAll(into taken: inout [Message], until deadline: Int?, spinNanoseconds: Int) {
        taken.removeAll(keepingCapacity: true)
        if spinNanoseconds > 0, !hasMail.load(ordering: .relaxed) {
            let end = MonotonicClock.nanoseconds + spinNanoseconds
            while !hasMail.load(ordering: .relaxed), MonotonicClock.nanoseconds < end { sched_yield() }
        }
        lock.lock()
        defer { lock.unlock() }
        while messages.isEmpty {
            isOwnerAsleep = true
            if let deadline {
                lock.wait(until: deadline)
                if messages.isEmpty, MonotonicClock.nanoseconds >= deadline { break }
            } else {
                lock.wait()
            }
        }
        isOwnerAsleep = false
        swap(&messages, &taken)
        hasMail.store(false, ordering: .relaxed)
    }

    /// All messages that are there, in the order they came: for a loop that its caller turns.
    package func takeAll() -> [Message] {
        lock.lock()
        defer { lock.unlock() }
        hasMail.store(false, ordering: .relaxed)
        let taken = messages
        messages = []
        return taken
    }

    /// Refuses messages from now on and gives back those that nobody has taken.
    package func close() -> [Message] {
        lock.lock()
        defer { lock.unlock() }
        isClosed = true
        let left = messages
        messages = []
        return left
    }
}
