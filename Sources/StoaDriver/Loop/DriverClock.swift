import StoaTasks

/// Where a driver has its time from: the machine, or a test.
package struct DriverClock: Sendable {
    private let read: @Sendable () -> Int

    /// A clock that goes as its maker says: never backwards.
    package init(_ read: @escaping @Sendable () -> Int) { self.read = read }

    /// The machine's.
    package static let monotonic = DriverClock { MonotonicClock.nanoseconds }

    /// Nanoseconds since an arbitrary start.
    package var nanoseconds: Int { read() }
}

/// The clock of a loop, with the time at which its turn began: cheap to ask once a task. Used by the loop's thread alone.
final class LoopClock {
    private let clock: DriverClock
    /// When the turn began.
    @exclusivity(unchecked) private(set) var turn: Int

    init(_ clock: DriverClock) {
        self.clock = clock
        turn = clock.nanoseconds
    }

    func beginTurn() { turn = clock.nanoseconds }

    /// The time itself.
    var now: Int { clock.nanoseconds }
}
