import StoaColumns

/// Number of rows, or of rows that are not null.
struct CountState: ReductionState {
    var count: Int64 = 0

    @inline(__always)
    mutating func merge(_ other: CountState) { count &+= other.count }

    static func update(
        _ states: UnsafeMutablePointer<CountState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        guard description.function == .count, let validity = argument?.validity, let argument else {
            for row in 0..<count { states[Int(ids[row])].count &+= 1 }
            return
        }
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            let word = ValidityBits.word(validity.base, at: argument.offset + start, rows: rows)
            let place = ids + start
            for bit in 0..<rows {
                states[Int(place[bit])].count &+= Int64(bitPattern: (word &>> UInt64(bit)) & 1)
            }
            start += rows
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<CountState>,
        _ description: ReductionDescription
    ) {
        let counts = columns[0].values(as: Int64.self)
        for row in 0..<count { states[row] = CountState(count: counts[row]) }
    }

    static func write(
        _ states: UnsafePointer<CountState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [StateColumns.make(.int64, states, count: count) { $0.count }]
    }

    static func finish(
        _ states: UnsafePointer<CountState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        StateColumns.make(description.result, states, count: count) { $0.count }
    }
}
