import StoaColumns

/// A date's midnight. Dates further than some 292,000 years from 1970 have none.
struct DaysToMicroseconds: FixedConversion {
    @inline(__always)
    func fails(_ value: Int32) -> Bool { Int64(value).multipliedReportingOverflow(by: Microseconds.day).overflow }
    @inline(__always)
    func convert(_ value: Int32) -> Int64 { Int64(value) &* Microseconds.day }
}

/// The day (UTC) of a moment.
struct MicrosecondsToDays: FixedConversion {
    @inline(__always)
    func fails(_ value: Int64) -> Bool { false }
    @inline(__always)
    func convert(_ value: Int64) -> Int32 { Int32(truncatingIfNeeded: Microseconds.day(of: value)) }
}

/// Dates and timestamps out of text, strictly, in the forms of ISO 8601 and SQL.
enum DateParser {
    typealias Text = UnsafeBufferPointer<UInt8>

    /// `YYYY-MM-DD`; years outside 0...9999 have a sign and as many digits as they need.
    static func date(_ text: Text) -> Int32? {
        var scanner = Scanner(text: text)
        guard let date = scanner.date(), scanner.isAtEnd else { return nil }
        return date.daysSinceEpoch
    }

    /// `YYYY-MM-DD`, then optionally `T` or a space, `HH:MM`, `:SS`, up to six decimals, and a zone: `Z` or `+HH:MM`.
    /// Without a zone the time is UTC.
    static func timestamp(_ text: Text) -> Int64? {
        var scanner = Scanner(text: text)
        guard let date = scanner.date() else { return nil }
        var moment: Int64 = 0
        if !scanner.isAtEnd {
            guard scanner.take(0x54) || scanner.take(0x20), let time = scanner.time() else { return nil }
            moment = time
            if !scanner.isAtEnd {
                guard let offset = scanner.zone() else { return nil }
                moment -= offset
            }
        }
        guard scanner.isAtEnd else { return nil }
        // In 128 bits: the first and last moments of an Int64 lie inside a day whose midnight it cannot hold.
        return Int64(exactly: Int128(date.daysSinceEpoch) * Int128(Microseconds.day) + Int128(moment))
    }

    private struct Scanner {
        let text: Text
        var position = 0

        var isAtEnd: Bool { position == text.count }

        mutating func take(_ character: UInt8) -> Bool {
            guard position < text.count, text[position] == character else { return false }
            position += 1
            return true
        }

        /// Between `least` and `most` digits.
        mutating func number(_ least: Int, _ most: Int) -> Int? {
            var value = 0
            var digits = 0
            while digits < most, position < text.count {
                let digit = text[position] &- 0x30
                if digit >= 10 { break }
                value = value * 10 + Int(digit)
                digits += 1
                position += 1
            }
            return digits >= least ? value : nil
        }

        mutating func date() -> CivilDate? {
            let isNegative = take(0x2D)
            if !isNegative { _ = take(0x2B) }
            guard let year = number(4, 7), take(0x2D), let month = number(2, 2), take(0x2D), let day = number(2, 2)
            else { return nil }
            return CivilDate(year: isNegative ? -year : year, month: month, day: day)
        }

        mutating func time() -> Int64? {
            guard let hour = number(2, 2), hour < 24, take(0x3A), let minute = number(2, 2), minute < 60 else {
                return nil
            }
            var moment = Int64(hour) * Microseconds.hour + Int64(minute) * Microseconds.minute
            if take(0x3A) {
                guard let second = number(2, 2), second < 60 else { return nil }
                moment += Int64(second) * Microseconds.second
                if take(0x2E) {
                    let start = position
                    guard var fraction = number(1, 6) else { return nil }
                    for _ in (position - start)..<6 { fraction *= 10 }
                    moment += Int64(fraction)
                }
            }
            return moment
        }

        mutating func zone() -> Int64? {
            if take(0x5A) { return 0 }
            let isWest = take(0x2D)
            guard isWest || take(0x2B), let hour = number(2, 2), hour < 24 else { return nil }
            _ = take(0x3A)
            var minute = 0
            if !isAtEnd {
                guard let given = number(2, 2), given < 60 else { return nil }
                minute = given
            }
            let offset = Int64(hour) * Microseconds.hour + Int64(minute) * Microseconds.minute
            return isWest ? -offset : offset
        }
    }
}
