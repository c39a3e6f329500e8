import StoaColumns

/// The least or greatest key of a group, and whether there was one.
struct ExtremeState<Key: OrderKey, Rule: ExtremeRule>: ReductionState {
    var key = Rule.weakest(Key.self)
    var isPresent = false

    @inline(__always)
    mutating func merge(_ other: ExtremeState) {
        key = Rule.choose(key, other.key)
        isPresent = isPresent || other.isPresent
    }

    private enum Choose: GroupedStep {
        @inline(__always)
        static func add(_ value: Key, to state: inout ExtremeState) {
            state.key = Rule.choose(state.key, value)
            state.isPresent = true
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<ExtremeState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        Key.keys(of: column).use {
            GroupedRows.apply(Choose.self, $0, validOf: column, to: states, ids: ids, count: count)
        }
    }

    static func read(_ columns: [Column], count: Int, into states: UnsafeMutablePointer<ExtremeState>) {
        let column = columns[0]
        Key.keys(of: column).use { keys in
            for row in 0..<count {
                states[row] = ExtremeState()
                if column.isNull(at: row) { continue }
                states[row].key = keys[row]
                states[row].isPresent = true
            }
        }
    }

    static func write(
        _ states: UnsafePointer<ExtremeState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [column(states, count: count, description.result)]
    }

    static func finish(
        _ states: UnsafePointer<ExtremeState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        column(states, count: count, description.result)
    }

    /// The values, null for groups without one.
    private static func column(_ states: UnsafePointer<ExtremeState>, count: Int, _ type: DataType) -> Column {
        let validity = Bitmap.filled(true, count: count)
        for row in 0..<count where !states[row].isPresent { Bitmap.set(validity.base, at: row, to: false) }
        if type == .bool {
            let bits = MemoryRegion(bits: count, zeroed: true)
            for row in 0..<count { Bitmap.set(bits.base, at: row, to: states[row].key == 1) }
            return Column(type: .bool, count: count, validity: validity.buffer, storage: .bits(bits.buffer))
        }
        let region = MemoryRegion(of: Key.self, count: count)
        let values = region.bound(to: Key.self)
        for row in 0..<count { values[row] = states[row].isPresent ? states[row].key : 0 }
        Key.restore(values, count: count, type: type)
        return Column(type: type, count: count, values: region, validity: validity)
    }
}
