/// Swift types whose values a column can hold and give back: Bool, integers, floats and String.
///
/// The protocol is closed: `Column` knows exactly these types.
public protocol ColumnElement: Sendable {
    /// The column type that holds such values.
    static var dataType: DataType { get }

    /// A column of these values, nil being null.
    static func makeColumn(_ values: [Self?]) -> Column

    /// The values of the rows, nil for null; nil when the column is of another type.
    static func values(of column: Column) -> [Self?]?

    /// A column of these values.
    static func makeColumn(withoutNulls values: [Self]) -> Column

    /// The values of a column without nulls; nil when the column is of another type.
    static func arrayWithoutNulls(of column: Column) -> [Self]?
}

extension ColumnElement {
    /// A column of these values.
    public static func makeColumn(withoutNulls values: [Self]) -> Column { makeColumn(values.map(Optional.some)) }

    /// The values of a column without nulls; nil when the column is of another type.
    public static func arrayWithoutNulls(of column: Column) -> [Self]? { values(of: column)?.compactMap { $0 } }
}

/// A column element of fixed width.
package protocol FixedWidthElement: ColumnElement, BitwiseCopyable {
    static var zero: Self { get }
}

extension FixedWidthElement {
    /// Copies the values; nulls become zero slots with a cleared validity bit.
    public static func makeColumn(_ values: [Self?]) -> Column {
        let region = MemoryRegion(of: Self.self, count: values.count)
        let pointer = region.bound(to: Self.self)
        for (row, value) in values.enumerated() { pointer[row] = value ?? zero }
        return Column(
            type: dataType, count: values.count, validity: validity(of: values), storage: .fixed(region.buffer))
    }

    /// Copies the values.
    public static func makeColumn(withoutNulls values: [Self]) -> Column {
        let region = MemoryRegion(of: Self.self, count: values.count)
        values.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { region.base.copyMemory(from: source, byteCount: bytes.count) }
        }
        return Column(type: dataType, count: values.count, storage: .fixed(region.buffer))
    }

    /// Copies the rows of a column without nulls out, as `values(of:)` does.
    public static func arrayWithoutNulls(of column: Column) -> [Self]? {
        guard holds(column) else { return nil }
        return Array(UnsafeBufferPointer(start: column.values(as: Self.self), count: column.count))
    }

    private static func holds(_ column: Column) -> Bool {
        column.type.storageType == dataType.storageType && !column.type.isDecimal
    }

    /// Copies the rows out. The column's type must be exactly this element's type, or share its memory form as date32
    /// and timestamp do with Int32 and Int64.
    public static func values(of column: Column) -> [Self?]? {
        guard holds(column) else { return nil }
        let pointer = column.values(as: Self.self)
        return (0..<column.count).map { column.isNull(at: $0) ? nil : pointer[$0] }
    }
}

/// The validity bitmap of optional values; nil when there is no nil.
func validity<Value>(of values: [Value?]) -> Buffer? {
    guard values.contains(where: { $0 == nil }) else { return nil }
    let region = Bitmap.filled(true, count: values.count)
    for (row, value) in values.enumerated() where value == nil { Bitmap.set(region.base, at: row, to: false) }
    return region.buffer
}

extension Int8: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .int8 }
}
extension Int16: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .int16 }
}
extension Int32: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .int32 }
}
extension Int64: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .int64 }
}
extension Int: FixedWidthElement {
    /// The column type: Int is 64 bits wide on every machine that Stoa runs on.
    public static var dataType: DataType { .int64 }
}
extension UInt8: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .uint8 }
}
extension UInt16: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .uint16 }
}
extension UInt32: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .uint32 }
}
extension UInt64: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .uint64 }
}
extension Float: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .float32 }
}
extension Double: FixedWidthElement {
    /// The column type.
    public static var dataType: DataType { .float64 }
}

extension Bool: ColumnElement {
    /// The column type.
    public static var dataType: DataType { .bool }

    /// Packs the values into bits.
    public static func makeColumn(_ values: [Bool?]) -> Column {
        let region = Bitmap.filled(false, count: values.count)
        for (row, value) in values.enumerated() where value == true { Bitmap.set(region.base, at: row, to: true) }
        return Column(type: .bool, count: values.count, validity: validity(of: values), storage: .bits(region.buffer))
    }

    /// Unpacks the bits.
    public static func values(of column: Column) -> [Bool?]? {
        guard column.type == .bool else { return nil }
        let (base, offset) = column.bits
        return (0..<column.count).map { column.isNull(at: $0) ? nil : Bitmap.bit(base, at: offset + $0) }
    }
}

extension String: ColumnElement {
    /// The column type.
    public static var dataType: DataType { .utf8 }

    /// Copies the text; traps beyond 2 GiB of text, the limit of one column chunk.
    public static func makeColumn(_ values: [String?]) -> Column {
        let byteCount = values.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        precondition(byteCount <= Int(Int32.max), "\(byteCount) bytes of text do not fit one column chunk (2 GiB)")
        let offsets = MemoryRegion(of: Int32.self, count: values.count + 1)
        let bytes = MemoryRegion(byteCount: byteCount)
        let starts = offsets.bound(to: Int32.self)
        var end = 0
        starts[0] = 0
        for (row, value) in values.enumerated() {
            if var value {
                value.withUTF8 { text in
                    if let source = text.baseAddress {
                        (bytes.base + end).copyMemory(from: source, byteCount: text.count)
                    }
                    end += text.count
                }
            }
            starts[row + 1] = Int32(end)
        }
        return Column(
            type: .utf8, count: values.count, validity: validity(of: values),
            storage: .text(offsets: offsets.buffer, bytes: bytes.buffer))
    }

    /// Decodes the text of plain and dictionary-encoded columns.
    public static func values(of column: Column) -> [String?]? {
        guard column.type == .utf8 else { return nil }
        return (0..<column.count).map { column.string(at: $0) }
    }
}

extension Column {
    /// A column of these values, nil being null.
    public init<Element: ColumnElement>(_ values: [Element?]) {
        self = Element.makeColumn(values)
    }

    /// A column of these values.
    public init<Element: ColumnElement>(_ values: [Element]) {
        self = Element.makeColumn(withoutNulls: values)
    }

    /// The text of a row of a utf8 column, nil for null. Traps on other types. Costs a copy of the text.
    package func string(at row: Int) -> String? {
        if isNull(at: row) { return nil }
        if let (codes, dictionary) = dictionaryCodes { return dictionary.values.string(at: Int(codes[row])) }
        guard let (offsets, bytes) = text else { preconditionFailure("a \(type) column has no text") }
        let start = Int(offsets[row])
        return String(
            decoding: UnsafeBufferPointer(start: bytes + start, count: Int(offsets[row + 1]) - start), as: UTF8.self)
    }
}
