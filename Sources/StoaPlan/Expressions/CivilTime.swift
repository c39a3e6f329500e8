/// Dates and timestamps as text, in the proleptic Gregorian calendar. Days and civil dates are converted by Howard Hinnant's
/// algorithms (chrono-compatible low-level date algorithms), exact over all of Int32's days.
enum CivilTime {
    static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Days since 1970-01-01 of a civil date.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The civil date of a number of days since 1970-01-01.
    static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    /// `2013-01-31`.
    static func text(days: Int) -> String {
        let (year, month, day) = date(days: days)
        let sign = year < 0 ? "-" : ""
        return "\(sign)\(padded(year.magnitude, 4))-\(padded(month.magnitude, 2))-\(padded(day.magnitude, 2))"
    }

    /// `2013-01-31T08:30:00`, with the fraction when there is one and `Z` when the time has a zone.
    static func text(microseconds: Int64, hasZone: Bool) -> String {
        var days = microseconds / microsecondsPerDay
        var rest = microseconds % microsecondsPerDay
        if rest < 0 {
            days -= 1
            rest += microsecondsPerDay
        }
        let seconds = (rest / 1_000_000).magnitude
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded(UInt($0), 2) }.joined(separator: ":")
        let fraction = rest % 1_000_000 == 0 ? "" : "." + padded(UInt(rest % 1_000_000), 6)
        return "\(text(days: Int(days)))T\(clock)\(fraction)\(hasZone ? "Z" : "")"
    }

    private static func padded(_ value: UInt, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }

    /// Days since 1970-01-01 of `2013-01-31`; nil when the text is anything else.
    static func days(_ text: some StringProtocol) -> Int32? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, let year = number(parts[0], 4),
            let month = number(parts[1], 2), let day = number(parts[2], 2), (1...12).contains(month), day >= 1
        else { return nil }
        let value = days(year: year, month: month, day: day)
        // A day beyond the month's end comes back as a day of the next month.
        let back = date(days: value)
        guard back.month == month, back.day == day else { return nil }
        return Int32(value)
    }

    /// Microseconds since 1970-01-01T00:00:00Z of `2013-01-31`, `2013-01-31T08:30`, `2013-01-31 08:30:15.25`, each with an
    /// optional `Z` or offset such as `+02:00` after the time; nil when the text is anything else.
    static func microseconds(_ text: String) -> Int64? {
        guard let border = text.firstIndex(where: { $0 == "T" || $0 == " " }) else {
            return days(text).map { Int64($0) * microsecondsPerDay }
        }
        guard let day = days(text[..<border]) else { return nil }
        var clock = text[text.index(after: border)...]
        var offset: Int64 = 0
        if clock.hasSuffix("Z") {
            clock = clock.dropLast()
        } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let parts = clock[clock.index(after: sign)...].split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let hours = number(parts[0], 2), let minutes = number(parts[1], 2), hours < 24,
                minutes < 60
            else { return nil }
            offset = Int64(hours * 60 + minutes) * 60_000_000 * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let hour = number(parts[0], 2), let minute = number(parts[1], 2),
            hour < 24, minute < 60
        else { return nil }
        var seconds: Int64 = 0
        if parts.count == 3 {
            let pieces = parts[2].split(separator: ".", omittingEmptySubsequences: false)
            guard pieces.count <= 2, let whole = number(pieces[0], 2), whole < 60 else { return nil }
            seconds = Int64(whole) * 1_000_000
            if pieces.count == 2 {
                guard (1...6).contains(pieces[1].utf8.count), let fraction = number(pieces[1], pieces[1].utf8.count)
                else { return nil }
                seconds += Int64(fraction) * (pieces[1].utf8.count..<6).reduce(1) { scale, _ in scale * 10 }
            }
        }
        return Int64(day) * microsecondsPerDay + Int64(hour * 60 + minute) * 60_000_000 + seconds - offset
    }

    /// A number of exactly that many ASCII digits.
    private static func number(_ text: some StringProtocol, _ width: Int) -> Int? {
        guard text.utf8.count == width, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
