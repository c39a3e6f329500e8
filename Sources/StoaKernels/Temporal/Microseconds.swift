internal import CStoaVector

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

/// Dates of the proleptic Gregorian calendar inside loops: `CivilDate.civil(days:)` in a form that vectorises, for all
/// days that a date or a timestamp can hold. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
enum Calendar {
    @inline(__always)
    static func civil(day: Int64) -> (year: Int32, month: Int32, day: Int32) {
        let shifted = day &+ 719_468
        // Exact: the quotient is below 2^14, and at least 1 / 146,097 away from a whole number that it does not reach.
        let era = stoa_int64_of_f64((Double(shifted) / 146_097).rounded(.down))
        let dayOfEra = UInt32(truncatingIfNeeded: shifted &- era &* 146_097)
        let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
        let dayOfMonth = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
        let month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
        let year = yearOfEra &+ UInt32(truncatingIfNeeded: era &* 400) &+ (month <= 2 ? 1 : 0)
        return (
            Int32(truncatingIfNeeded: year), Int32(truncatingIfNeeded: month), Int32(truncatingIfNeeded: dayOfMonth)
        )
    }
}
