import StoaColumns
import StoaTestSupport
import Testing

@Suite struct CivilDateTests {
    /// Day by day over eight centuries around the epoch and the calendar's corners, counted from month lengths.
    @Test func countingDaysAgreesWithTheFormula() {
        var (year, month, day) = (1_600, 1, 1)
        for days in CivilDate.days(year: 1_600, month: 1, day: 1)..<CivilDate.days(year: 2_400, month: 3, day: 1) {
            let civil = CivilDate.civil(days: days)
            #expect(civil == (year, month, day))
            #expect(CivilDate.days(year: year, month: month, day: day) == days)
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            day += 1
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(CivilDate.days(year: 1970, month: 1, day: 1) == 0)
    }

    @Test func theWholeRangeComesBack() {
        var generator = SplitMix64(seed: 5)
        let random = (0..<10_000).map { _ in Int32.random(in: .min ... .max, using: &generator) }
        for days in [Int32.min, -719_468, -719_469, -1, 0, .max] + random {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
        }
    }

    @Test func impossibleDaysAreNone() {
        for (year, month, day) in [
            (2013, 2, 29), (2000, 2, 30), (1900, 2, 29), (2013, 4, 31), (2013, 13, 1), (2013, 0, 1), (2013, 1, 0),
            (2013, 1, 32), (5_881_580, 7, 12), (-5_877_641, 6, 22), (Int.max, 1, 1), (Int.min, 1, 1),
        ] {
            #expect(CivilDate(year: year, month: month, day: day) == nil, "\(year)-\(month)-\(day)")
        }
        #expect(CivilDate(year: 5_881_580, month: 7, day: 11)?.daysSinceEpoch == .max)
        #expect(CivilDate(year: -5_877_641, month: 6, day: 23)?.daysSinceEpoch == .min)
        #expect(CivilDate(year: 2000, month: 2, day: 29)?.daysSinceEpoch == 11_016)
    }

    @Test func textIsISO() throws {
        #expect(try #require(CivilDate(year: 33, month: 4, day: 3)).description == "0033-04-03")
        #expect(try #require(CivilDate(year: -44, month: 3, day: 15)).description == "-0044-03-15")
        #expect(CivilDate(daysSinceEpoch: .max).description == "+5881580-07-11")
        #expect(CivilDate(daysSinceEpoch: 0) < CivilDate(daysSinceEpoch: 1))
    }
}
