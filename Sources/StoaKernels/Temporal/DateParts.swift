import StoaColumns

/// Parts of dates and timestamps, as int32.
package enum DatePart: String, Hashable, Sendable, CaseIterable {
    case year
    /// 1...12
    case month
    /// 1...31
    case day
    /// 0...23, 0 for dates; likewise minute and second.
    case hour, minute, second
    /// ISO: 1 is Monday, 7 is Sunday.
    case weekday
}

/// Calendar arithmetic in UTC.
///
/// Nulls: stay null. Overflow: none, every date32 and timestamp has all parts. Empty: empty. Cost: some ten integer
/// operations a row.
package enum DateParts {
    /// One part of every date or timestamp.
    package static func part(_ part: DatePart, of operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(of: Int32.self, count: count)
        let target = region.bound(to: Int32.self)
        if operand.type == .date32 {
            let values = OperandValues<Int32>(operand)
            fill(part, target, count) { (Int64(values.value(at: $0)), 0) }
        } else {
            precondition(operand.type.isTemporal, "the \(part.rawValue) of a \(operand.type)")
            let values = OperandValues<Int64>(operand)
            fill(part, target, count) { row in
                let moment = values.value(at: row)
                let day = Microseconds.day(of: moment)
                // Wraps back into the day also for the first moments that an Int64 holds.
                return (day, moment &- day &* Microseconds.day)
            }
        }
        return Column(type: .int32, count: count, values: region, validity: validity(of: [operand], count: count))
    }

    /// `moment` gives a row's day and the microseconds since its midnight; it is inlined.
    @inline(__always)
    private static func fill(
        _ part: DatePart, _ target: UnsafeMutablePointer<Int32>, _ count: Int,
        _ moment: (Int) -> (day: Int64, microseconds: Int64)
    ) {
        switch part {
        case .year:
            for row in 0..<count {
                target[row] = Calendar.civil(day: moment(row).day).year
            }
        case .month:
            for row in 0..<count {
                target[row] = Calendar.civil(day: moment(row).day).month
            }
        case .day:
            for row in 0..<count {
                target[row] = Calendar.civil(day: moment(row).day).day
            }
        case .hour:
            for row in 0..<count {
                target[row] = Int32(truncatingIfNeeded: moment(row).microseconds / Microseconds.hour)
            }
        case .minute:
            for row in 0..<count {
                target[row] = Int32(truncatingIfNeeded: moment(row).microseconds / Microseconds.minute % 60)
            }
        case .second:
            for row in 0..<count {
                target[row] = Int32(truncatingIfNeeded: moment(row).microseconds / Microseconds.second % 60)
            }
        case .weekday:
            // 1970-01-01 was a Thursday.
            for row in 0..<count {
                let shifted = (moment(row).day &+ 3) % 7
                target[row] = Int32(truncatingIfNeeded: (shifted < 0 ? shifted &+ 7 : shifted) &+ 1)
            }
        }
    }
}
