import StoaColumns

/// Dates and timestamps read from text.
enum CivilTime {
    static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Days since 1970-01-01 of `2013-01-31`; nil when the text is anything else.
    static func days(_ text: some StringProtocol) -> Int32? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, let year = number(parts[0], 4),
            let month = number(parts[1], 2), let day = number(parts[2], 2)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)?.daysSinceEpoch
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
