import StoaColumns

/// The least order key of a group, and whether there was one. Greatest values are least inverted keys.
struct ExtremeState: ReductionState {
    var key = Int64.max
    var isPresent: UInt8 = 0

    @inline(__always)
    mutating func merge(_ other: ExtremeState) {
        key = min(key, other.key)
        isPresent |= other.isPresent
    }

    private enum Choose: GroupedStep {
        @inline(__always)
        static func add(_ value: Int64, to state: inout ExtremeState) {
            state.key = min(state.key, value)
            state.isPresent = 1
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<ExtremeState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        let keys = MemoryRegion(of: Int64.self, count: count)
        defer { withExtendedLifetime(keys) {} }
        OrderKeys.load(
            column, start: 0, rows: count, inversion: description.inversion, into: keys.bound(to: Int64.self))
        GroupedRows.apply(
            Choose.self, keys.bound(to: Int64.self), validOf: column, to: states, ids: ids, count: count)
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<ExtremeState>,
        _ description: ReductionDescription
    ) {
        let keys = MemoryRegion(of: Int64.self, count: count)
        defer { withExtendedLifetime(keys) {} }
        let values = keys.bound(to: Int64.self)
        OrderKeys.load(columns[0], start: 0, rows: count, inversion: description.inversion, into: values)
        states.update(repeating: ExtremeState(), count: count)
        ValidityBits.forEach(columns[0], count: count) { states[$0] = ExtremeState(key: values[$0], isPresent: 1) }
    }

    static func write(
        _ states: UnsafePointer<ExtremeState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        let keys = MemoryRegion(of: Int64.self, count: count)
        let present = MemoryRegion(of: UInt8.self, count: count)
        defer { withExtendedLifetime((keys, present)) {} }
        let values = keys.bound(to: Int64.self)
        let flags = present.bound(to: UInt8.self)
        for row in 0..<count {
            flags[row] = states[row].isPresent
            values[row] = states[row].key
        }
        return [
            OrderKeys.column(
                description.result, values, present: flags, count: count, inversion: description.inversion)
        ]
    }

    static func finish(
        _ states: UnsafePointer<ExtremeState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        write(states, count: count, description)[0]
    }
}

/// The same for decimals of more than 18 digits.
struct WideExtremeState: ReductionState {
    var key = Int128.max
    var isPresent: UInt8 = 0

    @inline(__always)
    mutating func merge(_ other: WideExtremeState) {
        key = min(key, other.key)
        isPresent |= other.isPresent
    }

    /// Takes the rows of a column; `place` gives the group of a row.
    @inline(__always)
    private static func take(
        _ column: Column, count: Int, _ description: ReductionDescription,
        into states: UnsafeMutablePointer<WideExtremeState>, _ place: (Int) -> Int
    ) {
        let values = column.values(as: Int128.self)
        let inversion = Int128(description.inversion)
        ValidityBits.forEach(column, count: count) { row in
            let group = place(row)
            states[group].key = min(states[group].key, values[row] ^ inversion)
            states[group].isPresent = 1
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<WideExtremeState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        take(column, count: count, description, into: states) { Int(ids[$0]) }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<WideExtremeState>,
        _ description: ReductionDescription
    ) {
        states.update(repeating: WideExtremeState(), count: count)
        take(columns[0], count: count, description, into: states) { $0 }
    }

    static func write(
        _ states: UnsafePointer<WideExtremeState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        let region = MemoryRegion(of: Int128.self, count: count)
        let values = region.bound(to: Int128.self)
        let validity = Bitmap.filled(true, count: count)
        let inversion = Int128(description.inversion)
        for row in 0..<count {
            values[row] = states[row].isPresent != 0 ? states[row].key ^ inversion : 0
            if states[row].isPresent == 0 { Bitmap.set(validity.base, at: row, to: false) }
        }
        return [Column(type: description.result, count: count, values: region, validity: validity)]
    }

    static func finish(
        _ states: UnsafePointer<WideExtremeState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        write(states, count: count, description)[0]
    }
}
