import Glibc
import StoaColumns
import StoaKernels
import Testing

/// Calendar arithmetic against `gmtime_r` of the C library.
@Suite struct DatePartTests {
    private func parts(_ moment: Int64) -> [DatePart: Int32] {
        var seconds = time_t(moment >= 0 ? moment / 1_000_000 : (moment - 999_999) / 1_000_000)
        var broken = tm()
        gmtime_r(&seconds, &broken)
        return [
            .year: broken.tm_year + 1_900, .month: broken.tm_mon + 1, .day: broken.tm_mday, .hour: broken.tm_hour,
            .minute: broken.tm_min, .second: broken.tm_sec, .weekday: broken.tm_wday == 0 ? 7 : broken.tm_wday,
        ]
    }

    @Test func timestampsAndDates() {
        var maker = ColumnMaker(seed: 81)
        let edges: [Int64] = [
            0, -1, 1, 86_399_999_999, 86_400_000_000, -86_400_000_000, -86_400_000_001, 951_782_400_000_000,
            4_107_542_400_000_000,
        ]
        for shape in Shape.some {
            let (moments, column): ([Int64?], Column) = maker.column(shape, type: .timestamp) { maker in
                maker.below(3) == 0 ? maker.pick(edges) : Int64(bitPattern: maker.next()) / 100
            }
            let expected = moments.map { $0.map(parts) }
            let (days, dates): ([Int32?], Column) = maker.column(shape, type: .date32) { maker in
                maker.below(3) == 0
                    ? maker.pick([0, -1, 59, 60, -719_468, 11_016]) : Int32(maker.below(4_000_000) - 2_000_000)
            }
            let expectedDays = days.map { $0.map { parts(Int64($0) * 86_400_000_000) } }
            for part in DatePart.allCases {
                #expect(
                    Int32.values(of: DateParts.part(part, of: Operand(column), count: shape.count))
                        == expected.map { $0?[part] }, "\(part)")
                #expect(
                    Int32.values(of: DateParts.part(part, of: Operand(dates), count: shape.count))
                        == expectedDays.map { $0?[part] }, "\(part)")
            }
        }
    }

    @Test func extremesDoNotTrap() {
        let column = Column([Int64.min, Int64.max]).reinterpreted(as: .timestamp)
        for part in DatePart.allCases {
            #expect(DateParts.part(part, of: Operand(column), count: 2).nullCount == 0)
        }
        #expect(Int32.values(of: DateParts.part(.year, of: Operand(column), count: 2)) == [-290_308, 294_247])
    }

    @Test func casts() throws {
        let rows = RowScope(count: 3)
        let dates = Column([Int32(0), nil, -1]).reinterpreted(as: .date32)
        let moments = try Cast.cast(Operand(dates), to: .timestamp, nullOnFailure: false, in: rows)
        #expect(Int64.values(of: moments.reinterpreted(as: .int64)) == [0, nil, -86_400_000_000])
        let back = try Cast.cast(
            Operand(Column([Int64(1), -1, nil]).reinterpreted(as: .timestamp)), to: .date32, nullOnFailure: false,
            in: rows)
        #expect(Int32.values(of: back.reinterpreted(as: .int32)) == [0, -1, nil])
        let far = Column([Int32.max, 0, Int32.min]).reinterpreted(as: .date32)
        #expect(throws: StoaError.self) {
            try Cast.cast(Operand(far), to: .timestamp, nullOnFailure: false, in: rows)
        }
        let nulls = try Cast.cast(Operand(far), to: .timestamp, nullOnFailure: true, in: rows)
        #expect(nulls.nullCount == 2)
        let zoned = try Cast.cast(Operand(moments), to: .timestamp(zone: "UTC"), nullOnFailure: false, in: rows)
        #expect(zoned.type == .timestamp(zone: "UTC") && zoned.formatted(at: 0) == "1970-01-01T00:00:00Z")
    }
}
