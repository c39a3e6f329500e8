import FoundationEssentials
import StoaColumns

/// Writes the values of a payload: whole numbers in as few bytes as they need, text and bytes behind their length.
package struct PayloadWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A number from 0 on is usually small.
    mutating func append(_ number: Int) {
        // The sign goes last, so that small negative numbers are short, too.
        var rest = UInt64(bitPattern: Int64((number << 1) ^ (number >> (Int.bitWidth - 1))))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ more: [UInt8]) {
        append(more.count)
        bytes.append(contentsOf: more)
    }

    mutating func append<Value>(_ values: [Value], _ write: (inout PayloadWriter, Value) -> Void) {
        append(values.count)
        for value in values { write(&self, value) }
    }

    mutating func append<Value>(_ value: Value?, _ write: (inout PayloadWriter, Value) -> Void) {
        append(value != nil)
        if let value { write(&self, value) }
    }

    /// A value that is rare, or large and sent once, as JSON. Throws `engineFailed` when it does not encode.
    mutating func append(json value: some Encodable) throws(StoaError) { append(try Self.json(value)) }

    static func json(_ value: some Encodable) throws(StoaError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(value))
        } catch {
            throw StoaError(.engineFailed, source: .engine, "a \(type(of: value)) does not encode: \(error)")
        }
    }
}

/// Reads what a `PayloadWriter` has written, from bytes that may be anything: every mistake throws.
package struct PayloadReader {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var left: Int { bytes.count - position }

    /// Throws unless everything has been read.
    func end() throws(StoaError) {
        if left > 0 { throw Frame.damaged("\(left) bytes are too many") }
    }

    private mutating func byte() throws(StoaError) -> UInt8 {
        guard position < bytes.count else { throw Frame.damaged("it ends too early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func int() throws(StoaError) -> Int {
        var value: UInt64 = 0
        for place in 0..<10 {
            let next = try byte()
            if place == 9, next > 1 { break }
            value |= UInt64(next & 0x7f) << UInt64(7 * place)
            if next < 0x80 {
                return Int(truncatingIfNeeded: Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1))))
            }
        }
        throw Frame.damaged("a number is too large")
    }

    mutating func int(in range: ClosedRange<Int>) throws(StoaError) -> Int {
        let number = try int()
        guard range.contains(number) else { throw Frame.damaged("\(number) is not within \(range)") }
        return number
    }

    /// A number that may not be negative.
    mutating func natural() throws(StoaError) -> Int { try int(in: 0...Int.max) }

    mutating func bool() throws(StoaError) -> Bool {
        let value = try byte()
        guard value <= 1 else { throw Frame.damaged("\(value) is neither yes nor no") }
        return value == 1
    }

    /// How many values or bytes follow: each takes one byte at least, so that there cannot be more than are left.
    private mutating func count() throws(StoaError) -> Int {
        let count = try natural()
        guard count <= left else { throw Frame.damaged("it announces \(count) values in \(left) bytes") }
        return count
    }

    mutating func byteArray() throws(StoaError) -> [UInt8] {
        let count = try count()
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }

    mutating func string() throws(StoaError) -> String {
        guard let text = String(validating: try byteArray(), as: UTF8.self) else {
            throw Frame.damaged("a text is not UTF-8")
        }
        return text
    }

    mutating func array<Value>(
        _ read: (inout PayloadReader) throws(StoaError) -> Value
    ) throws(StoaError) -> [Value] {
        let count = try count()
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    mutating func optional<Value>(
        _ read: (inout PayloadReader) throws(StoaError) -> Value
    ) throws(StoaError) -> Value? {
        try bool() ? try read(&self) : nil
    }

    mutating func json<Value: Decodable>(_ type: Value.Type) throws(StoaError) -> Value {
        try Self.json(type, from: try byteArray())
    }

    static func json<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(StoaError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw Frame.damaged("what should be a \(type) does not decode: \(error)")
        }
    }
}
