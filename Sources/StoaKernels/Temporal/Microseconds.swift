import StoaColumns

/// The microseconds of a day, an hour, a minute and a second.
enum Microseconds {
    static let second: Int64 = 1_000_000
    static let minute = 60 * second
    static let hour = 60 * minute
    static let day = 24 * hour

    /// The day that holds a moment, also before 1970.
    @inline(__always)
    static func day(of moment: Int64) -> Int64 {
        let (quotient, remainder) = moment.quotientAndRemainder(dividingBy: day)
        return remainder < 0 ? quotient &- 1 : quotient
    }
}
