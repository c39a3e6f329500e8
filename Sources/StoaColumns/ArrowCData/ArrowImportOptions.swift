/// What import does with values that Stoa cannot hold as they are.
public struct ArrowImportOptions: Hashable, Sendable {
    /// What becomes of timestamps finer than Stoa's microseconds.
    public enum Nanoseconds: Hashable, Sendable {
        /// A timestamp that is not a whole number of microseconds is an error.
        case exact
        /// It becomes the last microsecond before it.
        case roundedDown
    }

    /// The rule for nanosecond timestamps; `exact` unless stated, so nothing is lost in silence.
    public var nanoseconds: Nanoseconds

    /// Import options.
    public init(nanoseconds: Nanoseconds = .exact) {
        self.nanoseconds = nanoseconds
    }
}
