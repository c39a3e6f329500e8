import StoaColumns

/// What one value does to the state of its group; a type of its own per function, so that the loop is specialised for it.
protocol GroupedStep {
    associatedtype State
    associatedtype Value: BitwiseCopyable
    static func add(_ value: Value, to state: inout State)
}

/// The one loop of grouped updates.
enum GroupedRows {
    /// Applies a step to the rows that are not null, in row order.
    ///
    /// - Nulls: by validity words of 64 rows: all valid without a test, none skipped at once, else the set bits in turn.
    /// - Cost: a load, an update in place and a store a row; rows of one group in a row wait for each other.
    @inline(__always)
    static func apply<Step: GroupedStep>(
        _: Step.Type, _ values: UnsafePointer<Step.Value>, validOf column: Column,
        to states: UnsafeMutablePointer<Step.State>, ids: UnsafePointer<Int32>, count: Int
    ) {
        guard let validity = column.validity else {
            for row in 0..<count { Step.add(values[row], to: &states[Int(ids[row])]) }
            return
        }
        let bits = validity.base
        let offset = column.offset
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            var word = ValidityBits.word(bits, at: offset + start, rows: rows)
            if word == ~0 {
                for row in start..<start + 64 { Step.add(values[row], to: &states[Int(ids[row])]) }
            } else {
                while word != 0 {
                    let row = start + word.trailingZeroBitCount
                    Step.add(values[row], to: &states[Int(ids[row])])
                    word &= word &- 1
                }
            }
            start += rows
        }
        withExtendedLifetime(validity) {}
    }
}
