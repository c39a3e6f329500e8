/// One column of a batch: a type, a length, an optional validity bitmap and shared immutable memory in Arrow's layout.
///
/// A column is a view: slicing and copying share the memory. A null row's value slot holds unspecified bytes.
public struct Column: Sendable {
    /// The type of the values.
    public let type: DataType
    /// Number of rows.
    public let count: Int
    /// Number of null rows. When it is zero there is no validity bitmap.
    public let nullCount: Int
    /// The column's first row, counted in rows from the start of every buffer (validity bits, values, offsets, codes).
    package let offset: Int
    /// One bit a row, set where there is a value; nil when there are no nulls.
    package let validity: Buffer?
    package let storage: Storage
    /// What all values of an integer, date, timestamp or decimal of up to 18 digits (unscaled) lie within; nil when nobody
    /// has learnt it. The ends need not occur: rows taken out of a column keep its bounds.
    package let bounds: ClosedRange<Int64>?

    /// Where the values are.
    package enum Storage: Sendable {
        /// Values of `type.storageType.byteWidth` bytes.
        case fixed(Buffer)
        /// Booleans, one bit each.
        case bits(Buffer)
        /// Text: `offset + count + 1` Int32 byte offsets, then the bytes they point into.
        case text(offsets: Buffer, bytes: Buffer)
        /// Text as Int32 codes into a dictionary; the code of a null row is 0.
        case dictionary(codes: Buffer, StringDictionary)
    }

    /// A column over existing memory. A validity bitmap without a cleared bit is dropped.
    ///
    /// - Parameter nullCount: the number of nulls among the rows when it is known, else counted here.
    package init(
        type: DataType, count: Int, offset: Int = 0, validity: Buffer? = nil, nullCount: Int? = nil, storage: Storage,
        bounds: ClosedRange<Int64>? = nil
    ) {
        self.type = type
        self.count = count
        self.offset = offset
        self.storage = storage
        self.bounds = bounds
        let nulls =
            nullCount
            ?? validity.map { count - Bitmap.countOnes($0.base, at: offset, count: count) } ?? 0
        self.nullCount = nulls
        self.validity = nulls == 0 ? nil : validity
    }

    /// The rows of `range`, sharing this column's memory. Costs a popcount of the rows' validity bits.
    public func slice(_ range: Range<Int>) -> Column {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "rows \(range) of a column of \(count) rows")
        return Column(
            type: type, count: range.count, offset: offset + range.lowerBound, validity: validity, storage: storage,
            bounds: bounds)
    }

    /// Whether the row holds null.
    public func isNull(at row: Int) -> Bool {
        guard let validity else { return false }
        return !Bitmap.bit(validity.base, at: offset + row)
    }

    /// Whether the strings are held as codes into a dictionary.
    public var isDictionaryEncoded: Bool { if case .dictionary = storage { true } else { false } }
}

extension Column {
    /// The values of a fixed-width column from its first row on. Traps when the type has another memory form.
    @inline(__always)
    package func values<Value: BitwiseCopyable>(as type: Value.Type = Value.self) -> UnsafePointer<Value> {
        guard case .fixed(let buffer) = storage, MemoryLayout<Value>.size == self.type.storageType.byteWidth else {
            preconditionFailure("a \(self.type) column has no \(Value.self) values")
        }
        return buffer.pointer(as: Value.self) + offset
    }

    /// The bits of a bool column and the bit of its first row.
    @inline(__always)
    package var bits: (base: UnsafeRawPointer, offset: Int) {
        guard case .bits(let buffer) = storage else { preconditionFailure("a \(type) column has no bits") }
        return (buffer.base, offset)
    }

    /// The Int32 codes of a dictionary-encoded column from its first row on, and the dictionary; nil when it is plain.
    package var dictionaryCodes: (codes: UnsafePointer<Int32>, dictionary: StringDictionary)? {
        guard case .dictionary(let codes, let dictionary) = storage else { return nil }
        return (codes.pointer(as: Int32.self) + offset, dictionary)
    }

    /// The `count + 1` byte offsets of a plain utf8 column and the bytes they point into; nil when it is encoded.
    package var text: (offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>)? {
        guard case .text(let offsets, let bytes) = storage else { return nil }
        return (offsets.pointer(as: Int32.self) + offset, bytes.pointer(as: UInt8.self))
    }

    /// 64 validity bits from `row` on (set = a value), ones where there is no bitmap; places past `count` are zero.
    @inline(__always)
    package func validityWord(at row: Int) -> UInt64 {
        let left = count - row
        guard let validity else { return left >= 64 ? ~0 : left <= 0 ? 0 : (1 << UInt64(left)) - 1 }
        return Bitmap.word(validity.base, at: offset + row, count: min(64, left))
    }

    /// A fixed-width column over a filled region.
    package init(type: DataType, count: Int, values: MemoryRegion, validity: MemoryRegion? = nil, nullCount: Int? = nil)
    {
        self.init(
            type: type, count: count, validity: validity?.buffer, nullCount: nullCount, storage: .fixed(values.buffer))
    }
}
