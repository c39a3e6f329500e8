/// A day in the proleptic Gregorian calendar, the values of a date32 column.
///
/// Days and dates are converted by Howard Hinnant's `days_from_civil` and `civil_from_days`, exact for all of date32's
/// range. https://howardhinnant.github.io/date_algorithms.html
public struct CivilDate: Hashable, Codable, Sendable {
    /// Days since 1970-01-01.
    public let daysSinceEpoch: Int32

    /// The day that is this many days after 1970-01-01.
    public init(daysSinceEpoch: Int32) {
        self.daysSinceEpoch = daysSinceEpoch
    }

    /// A day of the calendar; nil when there is no such day, or date32 does not reach it. Year 0 is the year before 1.
    public init?(year: Int, month: Int, day: Int) {
        guard (-5_900_000...5_900_000).contains(year), (1...12).contains(month), (1...31).contains(day) else {
            return nil
        }
        guard let days = Int32(exactly: Self.days(year: year, month: month, day: day)) else { return nil }
        self.init(daysSinceEpoch: days)
        // A day past the end of its month would be a day of the next one.
        guard self.day == day else { return nil }
    }

    /// The year, negative before year 0.
    public var year: Int { Self.civil(days: Int(daysSinceEpoch)).year }
    /// The month, 1 to 12.
    public var month: Int { Self.civil(days: Int(daysSinceEpoch)).month }
    /// The day of the month, 1 to 31.
    public var day: Int { Self.civil(days: Int(daysSinceEpoch)).day }

    /// Days since 1970-01-01 of a date of the calendar.
    @inlinable @inline(__always)
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of the calendar that is this many days after 1970-01-01.
    @inlinable @inline(__always)
    package static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension CivilDate: Comparable {
    /// Whether the left day comes before the right one.
    public static func < (left: CivilDate, right: CivilDate) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }
}

extension CivilDate: CustomStringConvertible {
    /// ISO 8601: `2013-01-31`; years outside 0...9999 have a sign and as many digits as they need.
    public var description: String {
        let (year, month, day) = Self.civil(days: Int(daysSinceEpoch))
        let sign = year < 0 ? "-" : year > 9_999 ? "+" : ""
        return "\(sign)\(year.magnitude.padded(to: 4))-\(month.magnitude.padded(to: 2))-\(day.magnitude.padded(to: 2))"
    }
}

extension UnsignedInteger {
    /// The decimal digits with zeros in front up to a width.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

extension CivilDate: ColumnElement {
    /// The column type.
    public static var dataType: DataType { .date32 }

    /// A column of days, nil being null.
    public static func makeColumn(_ values: [CivilDate?]) -> Column {
        Int32.makeColumn(values.map { $0?.daysSinceEpoch }).reinterpreted(as: .date32)
    }

    /// The days of a date32 column, nil for null; nil when the column is of another type.
    public static func values(of column: Column) -> [CivilDate?]? {
        guard column.type == .date32 else { return nil }
        return Int32.values(of: column)?.map { $0.map(CivilDate.init(daysSinceEpoch:)) }
    }
}

extension Column {
    /// The same memory under another type of the same memory form: int32 and date32, int64 and timestamps.
    package func reinterpreted(as type: DataType) -> Column {
        precondition(
            type.storageType == self.type.storageType, "a \(self.type) column does not lie in memory as \(type) does")
        return Column(
            type: type, count: count, offset: offset, validity: validity, nullCount: nullCount, storage: storage)
    }
}
