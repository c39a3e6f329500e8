import Glibc
import StoaTasks
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func aThreadHasItsNameAndIsJoined() throws {
        let seen = Mutex("")
        let thread = try NamedThread.start(name: "stoa-test-with-a-long-name") {
            let file = open("/proc/thread-self/comm", O_RDONLY)
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = read(file, &bytes, bytes.count)
            seen.withLock { $0 = String(decoding: bytes.prefix(max(count - 1, 0)), as: UTF8.self) }
        }
        thread.join()
        // Linux keeps 15 bytes.
        #expect(seen.withLock { $0 } == "stoa-test-with-")
    }

    @Test func waitingEndsAtTheDeadline() {
        let lock = ConditionLock()
        let deadline = MonotonicClock.nanoseconds + 3_000_000
        lock.lock()
        while MonotonicClock.nanoseconds < deadline { lock.wait(until: deadline) }
        lock.unlock()
        #expect(MonotonicClock.nanoseconds >= deadline)
    }

    /// Guards a counter that two threads raise in turns.
    private final class Turns: @unchecked Sendable {
        private let lock = ConditionLock()
        // Guard: `lock`.
        private var count = 0

        func play(parity: Int, until end: Int) {
            lock.lock()
            defer { lock.unlock() }
            while count < end {
                if count % 2 == parity {
                    count += 1
                    lock.wakeAll()
                } else {
                    lock.wait()
                }
            }
        }

        var value: Int {
            lock.lock()
            defer { lock.unlock() }
            return count
        }
    }

    @Test func threadsWakeEachOther() throws {
        let turns = Turns()
        let threads = try (0..<2).map { parity in
            try NamedThread.start(name: "turns") { turns.play(parity: parity, until: 2000) }
        }
        for thread in threads { thread.join() }
        #expect(turns.value == 2000)
    }
}
