import StoaColumns

/// The rows that a reduction takes: values and validity wherever they lie, in a column or in a block of a program. Nothing
/// here owns memory.
package struct ReductionRows {
    /// How the values are held. Decimals above 18 digits may be held as int64 when none of them needs more.
    package let storage: StorageType
    /// The first row's value, for booleans the byte of bit 0.
    package let values: UnsafeRawPointer
    /// Of booleans, the bit of the first row.
    package let bitOffset: Int
    /// One bit a row, set where there is a value; nil when there are no nulls.
    package let validity: UnsafeRawPointer?
    /// The validity bit of the first row.
    package let validityOffset: Int
    package let count: Int
    package let nullCount: Int

    /// Rows of a block, whose bits start at bit 0.
    package init(
        storage: StorageType, values: UnsafeRawPointer, validity: UnsafeRawPointer?, count: Int, nullCount: Int
    ) {
        self.storage = storage
        self.values = values
        bitOffset = 0
        self.validity = validity
        validityOffset = 0
        self.count = count
        self.nullCount = nullCount
    }

    /// Rows without values, for `countRows`.
    package init(count: Int) {
        self.init(storage: .bool, values: UnsafeRawPointer(bitPattern: 8)!, validity: nil, count: count, nullCount: 0)
    }

    /// The rows of a column of fixed width or of booleans, which must outlive them.
    init(_ column: Column) {
        storage = column.type.storageType
        switch column.storage {
        case .fixed(let buffer):
            values = buffer.base + column.offset * (storage.byteWidth ?? 0)
            bitOffset = 0
        case .bits(let buffer):
            values = buffer.base
            bitOffset = column.offset
        case .text, .dictionary: preconditionFailure("text has no values of fixed width")
        }
        validity = column.validity?.base
        validityOffset = column.offset
        count = column.count
        nullCount = column.nullCount
    }

    private init(
        _ rows: ReductionRows, values: UnsafeRawPointer, bitOffset: Int, validityOffset: Int, count: Int, nullCount: Int
    ) {
        storage = rows.storage
        self.values = values
        self.bitOffset = bitOffset
        validity = rows.validity
        self.validityOffset = validityOffset
        self.count = count
        self.nullCount = nullCount
    }

    /// Some of the rows, neighbours.
    func slice(_ range: Range<Int>) -> ReductionRows {
        if range.count == count { return self }
        var nulls = 0
        if nullCount > 0, let validity {
            let start = validityOffset + range.lowerBound
            nulls = range.count - Bitmap.countOnes(validity, at: start, count: range.count)
        }
        return ReductionRows(
            self, values: values + range.lowerBound * (storage.byteWidth ?? 0), bitOffset: bitOffset + range.lowerBound,
            validityOffset: validityOffset + range.lowerBound, count: range.count, nullCount: nulls)
    }

    /// Calls `body` with the rows, so many at a time.
    func inBlocks(of rows: Int, _ body: (ReductionRows) -> Void) {
        var start = 0
        while start < count {
            let end = min(count, start + rows)
            body(slice(start..<end))
            start = end
        }
    }

    @inline(__always)
    func values<Value: BitwiseCopyable>(as: Value.Type = Value.self) -> UnsafePointer<Value> {
        values.assumingMemoryBound(to: Value.self)
    }

    /// The validity of up to 64 rows from `row` on; ones where nothing is null.
    @inline(__always)
    func validityWord(at row: Int, rows: Int) -> UInt64 {
        guard let validity else { return rows == 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: rows)) &- 1 }
        return ValidityBits.word(validity, at: validityOffset &+ row, rows: rows)
    }

    /// Up to 64 booleans from `row` on.
    @inline(__always)
    func bits(at row: Int, rows: Int) -> UInt64 {
        ValidityBits.word(values, at: bitOffset &+ row, rows: rows)
    }

    /// Calls `body` with each row that holds a value, in order.
    @inline(__always)
    func forEachValid(_ body: (Int) -> Void) {
        var start = 0
        while start < count {
            let rows = min(64, count &- start)
            var word = validityWord(at: start, rows: rows)
            while word != 0 {
                body(start &+ word.trailingZeroBitCount)
                word &= word &- 1
            }
            start &+= rows
        }
    }
}

/// A reduction that takes rows from wherever they lie, so that a program hands it the blocks of an argument that never
/// becomes a column, nulls and rows that a filter dropped alike being cleared in the validity.
///
/// A dropped row takes its place in the sequence as a null does: results depend on the rows before the filter, and never on
/// how they were cut.
package protocol BlockReduction: Reduction {
    /// Takes the next rows.
    func consume(_ rows: ReductionRows)

    /// What is reduced.
    var description: ReductionDescription { get }
}

extension BlockReduction {
    package func consume(_ argument: Column?, count: Int) {
        guard description.argument != nil else { return consume(ReductionRows(count: count)) }
        let column = description.checked(argument, count: count)
        withExtendedLifetime(column) { consume(ReductionRows(column)) }
    }
}

/// A reduction that multiplies its arguments itself, so that the products of two columns are never stored.
package protocol ProductReduction: BlockReduction {
    /// Takes the products of two float64 columns, rounded as if they were stored.
    ///
    /// - Nulls: a row with a null on either side is one with a null product.
    func consumeProducts(_ first: Column, _ second: Column, count: Int)
}
