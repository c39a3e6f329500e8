import StoaColumns

/// An argument of a kernel: one value a row, or one value that stands for every row.
///
/// A constant of fixed width or bool is held `constantRows` times, so that a loop over a block of rows reads both forms
/// alike and needs no body of its own for constants; a constant text is held once.
package struct Operand: Sendable {
    /// The values.
    package let column: Column
    /// Whether the column's value stands for every row.
    package let isConstant: Bool

    /// Rows of one block: loops run over blocks of at most so many rows.
    static let constantRows = 1_024

    /// A value a row.
    package init(_ column: Column) {
        self.column = column
        isConstant = false
    }

    /// The one value of a column of one row, for every row.
    package init(constant column: Column) {
        precondition(column.count == 1, "a constant has one row, not \(column.count)")
        self.column =
            column.type == .utf8 ? column : column.taking([Int32](repeating: 0, count: Self.constantRows))
        isConstant = true
    }

    /// The type of the values.
    package var type: DataType { column.type }

    /// Whether the constant is null.
    package var isNullConstant: Bool { isConstant && column.nullCount > 0 }

    /// The values as a column of `count` rows. Costs a copy of the value a row when it is a constant; text becomes a
    /// dictionary of one entry.
    package func column(count: Int) -> Column {
        guard isConstant else {
            precondition(column.count == count, "a column of \(column.count) rows where \(count) are evaluated")
            return column
        }
        if isNullConstant { return Column.nulls(type, count: count) }
        if type == .utf8 {
            let codes = MemoryRegion(of: Int32.self, count: count, zeroed: true)
            return Column(
                type: .utf8, count: count, storage: .dictionary(codes: codes.buffer, StringDictionary(values: column)))
        }
        return column.taking([Int32](repeating: 0, count: count))
    }

    /// 64 validity bits from `row` on; places past `count` are zero.
    @inline(__always)
    func validityWord(at row: Int, count: Int) -> UInt64 {
        guard isConstant else { return column.validityWord(at: row) }
        if column.nullCount > 0 { return 0 }
        let left = count - row
        return left >= 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: left)) &- 1
    }

    /// 64 values of a bool operand from `row` on; places past `count` are zero.
    @inline(__always)
    func bitsWord(at row: Int, count: Int) -> UInt64 {
        let (base, offset) = column.bits
        return Bitmap.word(base, at: offset + (isConstant ? 0 : row), count: min(64, count - row))
    }
}

/// The rows a kernel works on, and those of them whose mistakes count.
package struct RowScope: Sendable {
    /// Number of rows.
    package let count: Int
    /// The rows in which an error is an error; nil for all. Other rows' results are never used.
    package let chosen: BitMask?

    /// All rows of a batch, or some of them.
    package init(count: Int, chosen: BitMask? = nil) {
        precondition(chosen == nil || chosen?.count == count, "a scope of other rows than those evaluated")
        self.count = count
        self.chosen = chosen
    }

    /// Whether a mistake in this row counts.
    func contains(_ row: Int) -> Bool { chosen?.contains(row) ?? true }

    /// 64 rows' bits of the scope.
    @inline(__always)
    func word(at row: Int) -> UInt64 {
        if let chosen { return chosen.words[row >> 6] }
        let left = count - row
        return left >= 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: left)) &- 1
    }
}

/// Where all operands hold values: nil when none of them has a null.
func validity(of operands: [Operand], count: Int) -> MemoryRegion? {
    var region: MemoryRegion?
    for operand in operands {
        guard let bitmap = operand.column.validity else { continue }
        if operand.isConstant { return Bitmap.filled(false, count: count) }
        let words: UnsafeMutablePointer<UInt64>
        if let region {
            words = region.bound(to: UInt64.self)
        } else {
            let filled = Bitmap.filled(true, count: count)
            region = filled
            words = filled.bound(to: UInt64.self)
        }
        let base = bitmap.base
        let offset = operand.column.offset
        for row in stride(from: 0, to: count, by: 64) {
            words[row >> 6] &= Bitmap.word(base, at: offset &+ row, count: min(64, count &- row))
        }
    }
    return region
}

/// A view of an operand's values that steps from block to block.
struct OperandValues<Value: BitwiseCopyable> {
    private let base: UnsafePointer<Value>
    private let step: Int

    init(_ operand: Operand) {
        base = operand.column.values(as: Value.self)
        step = operand.isConstant ? 0 : 1
    }

    /// A value a row, wherever they lie.
    init(stored values: UnsafePointer<Value>) {
        base = values
        step = 1
    }

    /// The values from `row` on, a multiple of the block length: at least `constantRows` or all that are left.
    @inline(__always)
    func block(at row: Int) -> UnsafePointer<Value> { base + row * step }

    /// The value of one row, for slow paths.
    @inline(__always)
    func value(at row: Int) -> Value { base[row * step] }
}
