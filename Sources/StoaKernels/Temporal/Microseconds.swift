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

/// Dates of the proleptic Gregorian calendar inside loops: `CivilDate.civil(days:)` without overflow checks, for days
/// within some 292,000 years of 1970. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
enum Calendar {
    @inline(__always)
    static func civil(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day &+ 719_468
        let era = (shifted >= 0 ? shifted : shifted &- 146_096) / 146_097
        let dayOfEra = shifted &- era &* 146_097
        let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
        let dayOfMonth = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
        let month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
        return (yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0), month, dayOfMonth)
    }
}
