import StoaColumns
import StoaPlan
import Testing

/// Dates and timestamps as text, against a calendar that counts day by day.
@Suite struct CivilTimeTests {
    @Test func everyDayOfEightCenturies() {
        var (year, month, day) = (1600, 1, 1)
        // 1600-01-01 is 135,140 days before 1970-01-01: 370 years of 365 days and 90 leap days.
        for days in Int32(-135_140)..<157_054 {
            let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
            if Literal.date(days).description != "date(\(text))"
                || Literal.string(text).converted(to: .date32) != .date(days)
            {
                Issue.record("day \(days) is \(text), not \(Literal.date(days))")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect((year, month, day) == (2400, 1, 1))
    }

    @Test(arguments: [
        "2013-02-29", "2013-13-01", "2013-00-01", "2013-01-00", "2013-1-1", "13-01-01", "2013-01-01x", "", "--",
        "2013-04-31", "2013/01/01", "２０１３-01-01",
    ]) func badDates(_ text: String) {
        #expect(Literal.string(text).converted(to: .date32) == nil)
        #expect(Literal.string(text).converted(to: .timestamp) == nil)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01", 0), ("1970-01-02 00:00", 86_400_000_000),
            ("1969-12-31T23:59:59.999999", -1), ("1970-01-01T00:00:01.5", 1_500_000),
            ("1970-01-01T02:00:00+02:00", 0), ("1969-12-31T22:30-01:30", 0),
        ] as [(String, Int64)]) func timestamps(_ text: String, _ microseconds: Int64)
    {
        #expect(Literal.string(text).converted(to: .timestamp) == .timestamp(microseconds, zone: nil))
    }

    @Test(arguments: [
        "1970-01-01T24:00", "1970-01-01T00:60", "1970-01-01T00:00:60", "1970-01-01T", "1970-01-01T00",
        "1970-01-01T00:00:00.1234567", "1970-01-01T00:00:00.", "1970-01-01T00:00+2:00", "1970-01-01T00:00:00ZZ",
    ]) func badTimestamps(_ text: String) {
        #expect(Literal.string(text).converted(to: .timestamp) == nil)
    }
}
