import StoaColumns

/// Writes the description of a block image: numbers of 8 bytes, little-endian, and texts behind their length.
struct ImageWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: Int) {
        withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ flag: Bool) { append(flag ? 1 : 0) }

    mutating func append(_ text: String) {
        let utf8 = Array(text.utf8)
        append(utf8.count)
        bytes += utf8
    }

    mutating func append(_ type: DataType) {
        append(type.imageTag)
        switch type {
        case .timestamp(let zone):
            append(zone != nil)
            append(zone ?? "")
        case .decimal(let precision, let scale):
            append(precision)
            append(scale)
        default: break
        }
    }

    mutating func append(_ schema: Schema) {
        append(schema.count)
        for field in schema.fields {
            append(field.name)
            append(field.type)
            append(field.isNullable)
        }
    }
}

/// Reads what an `ImageWriter` wrote; throws `blockLost` instead of reading past the end or taking an impossible value.
struct ImageReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// The bytes must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var left: Int { bytes.count - position }

    mutating func int() throws(StoaError) -> Int {
        guard left >= 8 else { throw BlockImage.damaged("its description ends early") }
        defer { position += 8 }
        return Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self)))
    }

    /// A number in `range`.
    mutating func int(in range: ClosedRange<Int>) throws(StoaError) -> Int {
        let value = try int()
        guard range.contains(value) else { throw BlockImage.damaged("\(value) stands where \(range) is possible") }
        return value
    }

    /// How many things of at least 8 bytes follow.
    mutating func count() throws(StoaError) -> Int { try int(in: 0...left / 8) }

    mutating func bool() throws(StoaError) -> Bool { try int(in: 0...1) == 1 }

    mutating func string() throws(StoaError) -> String {
        let length = try int(in: 0...left)
        guard length <= left else { throw BlockImage.damaged("its description ends early") }
        defer { position += length }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]), as: UTF8.self)
    }

    mutating func dataType() throws(StoaError) -> DataType {
        let tag = try int()
        switch tag {
        case DataType.timestamp.imageTag:
            let hasZone = try bool()
            let zone = try string()
            return .timestamp(zone: hasZone ? zone : nil)
        case DataType.decimal(precision: 1, scale: 0).imageTag:
            let precision = try int(in: 1...DataType.maximumDecimalPrecision)
            return .decimal(precision: precision, scale: try int(in: 0...precision))
        default:
            guard let type = DataType.plainTypes.first(where: { $0.imageTag == tag }) else {
                throw BlockImage.damaged("there is no type \(tag)")
            }
            return type
        }
    }

    mutating func schema() throws(StoaError) -> Schema {
        var fields: [Field] = []
        for _ in 0..<(try count()) {
            let name = try string()
            let type = try dataType()
            fields.append(Field(name, type, isNullable: try bool()))
        }
        return Schema(fields)
    }
}

extension DataType {
    /// Types without parameters.
    fileprivate static let plainTypes: [DataType] = [
        .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .utf8, .date32,
    ]

    fileprivate var imageTag: Int {
        switch self {
        case .bool: 0
        case .int8: 1
        case .int16: 2
        case .int32: 3
        case .int64: 4
        case .uint8: 5
        case .uint16: 6
        case .uint32: 7
        case .uint64: 8
        case .float32: 9
        case .float64: 10
        case .utf8: 11
        case .date32: 12
        case .timestamp: 13
        case .decimal: 14
        }
    }
}
