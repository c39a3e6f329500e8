import StoaColumns

/// Columns made from and read into fields of states.
enum StateColumns {
    /// A column of one value a state, none of them null.
    @inline(__always)
    static func make<State, Value: BitwiseCopyable>(
        _ type: DataType, _ states: UnsafePointer<State>, count: Int, _ value: (State) -> Value
    ) -> Column {
        let region = MemoryRegion(of: Value.self, count: count)
        let target = region.bound(to: Value.self)
        for row in 0..<count { target[row] = value(states[row]) }
        return Column(type: type, count: count, values: region)
    }

    /// A column of one value a state, null where there is none.
    @inline(__always)
    static func makeOptional<State, Value: BitwiseCopyable>(
        _ type: DataType, _ states: UnsafePointer<State>, count: Int, zero: Value,
        _ value: (State) throws(StoaError) -> Value?
    ) throws(StoaError) -> Column {
        let region = MemoryRegion(of: Value.self, count: count)
        let target = region.bound(to: Value.self)
        let validity = Bitmap.filled(true, count: count)
        var nulls = 0
        for row in 0..<count {
            if let value = try value(states[row]) {
                target[row] = value
            } else {
                target[row] = zero
                Bitmap.set(validity.base, at: row, to: false)
                nulls += 1
            }
        }
        return Column(
            type: type, count: count, values: region, validity: nulls == 0 ? nil : validity, nullCount: nulls)
    }
}

/// Values of a column in the form a reduction works on, converted when the column holds another.
struct ReductionValues<Value: BitwiseCopyable> {
    let pointer: UnsafePointer<Value>
    private let owner: AnyObject?

    /// The column's own values.
    init(_ column: Column) {
        pointer = column.values(as: Value.self)
        owner = nil
    }

    /// Values that somebody else keeps.
    init(_ values: UnsafePointer<Value>) {
        pointer = values
        owner = nil
    }

    /// Values made for the purpose.
    init(_ region: MemoryRegion) {
        pointer = UnsafePointer(region.bound(to: Value.self))
        owner = region
    }

    /// Calls `body` while the values live.
    @inline(__always)
    func use<Result>(_ body: (UnsafePointer<Value>) -> Result) -> Result {
        withExtendedLifetime(owner) { body(pointer) }
    }
}

extension ReductionValues where Value == UInt8 {
    /// Booleans as 0 and 1.
    init(booleans column: Column) {
        let region = MemoryRegion(of: UInt8.self, count: column.count)
        let target = region.bound(to: UInt8.self)
        let (bits, offset) = column.bits
        var row = 0
        while row < column.count {
            let rows = min(64, column.count - row)
            let word = ValidityBits.word(bits, at: offset + row, rows: rows)
            for bit in 0..<rows { target[row + bit] = UInt8(truncatingIfNeeded: (word &>> UInt64(bit)) & 1) }
            row += rows
        }
        self.init(region)
    }
}

extension ReductionValues where Value == Double {
    /// Floats and decimals as Float64; a decimal is its scaled integer, rounded once, divided by the power of ten.
    init(widened column: Column) { self.init(widened: ReductionRows(column), of: column.type) }

    /// The same of rows of a type, which must outlive the values.
    init(widened rows: ReductionRows, of type: DataType) {
        if rows.storage == .float64 {
            self.init(rows.values(as: Double.self))
            return
        }
        let count = rows.count
        let region = MemoryRegion(of: Double.self, count: count)
        let target = region.bound(to: Double.self)
        switch rows.storage {
        case .float32:
            let values = rows.values(as: Float.self)
            for row in 0..<count { target[row] = Double(values[row]) }
        case .int64:
            let values = rows.values(as: Int64.self)
            let divisor = Self.divisor(type)
            for row in 0..<count { target[row] = Double(values[row]) / divisor }
        case .int128:
            let values = rows.values(as: Int128.self)
            let divisor = Self.divisor(type)
            // Rubbish under nulls converts to some number as well.
            for row in 0..<count { target[row] = Double(values[row]) / divisor }
        default: preconditionFailure("\(type) has no Float64 form in a reduction")
        }
        self.init(region)
    }

    private static func divisor(_ type: DataType) -> Double {
        guard case .decimal(_, let scale) = type else { return 1 }
        return Double(Decimals.powerOfTen(scale))
    }
}
