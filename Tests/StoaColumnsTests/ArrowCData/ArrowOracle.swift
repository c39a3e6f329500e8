internal import CArrowABI
internal import CArrowOracle
import StoaColumns

/// Arrow C++ on the other side of the C Data Interface.
enum ArrowOracle {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static func call(_ body: (UnsafeMutablePointer<CChar>, Int64) -> Int32) throws {
        var message = [CChar](repeating: 0, count: 4_096)
        let status = message.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { body($0, Int64(buffer.count)) } ?? 1
        }
        if status != 0 {
            throw Failure(description: String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
        }
    }

    /// Rows `range` of a batch with one nullable column "x" of an Arrow type, the values being JSON.
    static func batch(format: String, _ values: [String], range: Range<Int>? = nil) throws -> (
        ArrowArray, ArrowSchema
    ) {
        let range = range ?? 0..<values.count
        let rows = "[" + values.map { #"{"x": \#($0)}"# }.joined(separator: ", ") + "]"
        var type = ArrowSchema()
        ProducedSchema.export("+s", children: [ProducedSchema("x", format)], to: &type)
        var array = ArrowArray()
        var schema = ArrowSchema()
        try call {
            arrow_oracle_make(&type, rows, Int64(range.lowerBound), Int64(range.count), &array, &schema, $0, $1)
        }
        return (array, schema)
    }

    /// A batch with one nullable dictionary-encoded column "x".
    static func encoded(codeFormat: String, valueFormat: String, codes: [String], dictionary: [String]) throws -> (
        ArrowArray, ArrowSchema
    ) {
        var type = ArrowSchema()
        ProducedSchema.export(
            "+s", children: [ProducedSchema("x", codeFormat, dictionary: valueFormat)], to: &type)
        var array = ArrowArray()
        var schema = ArrowSchema()
        try call {
            arrow_oracle_make_dictionary(
                &type, "[\(codes.joined(separator: ", "))]", "[\(dictionary.joined(separator: ", "))]", &array, &schema,
                $0, $1)
        }
        return (array, schema)
    }

    /// The batch after it went through Arrow C++, which validated it in full.
    static func roundTrip(_ batch: Batch) throws -> Batch {
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        try call { arrow_oracle_round_trip(&array, &schema, $0, $1) }
        return try Batch(importing: &array, schema: &schema)
    }

    /// Throws unless Arrow C++ sees a batch of one column "x" with these values in JSON.
    static func expect(_ batch: Batch, equals values: [String]) throws {
        let rows = "[" + values.map { #"{"x": \#($0)}"# }.joined(separator: ", ") + "]"
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        try call { arrow_oracle_compare(&array, &schema, rows, $0, $1) }
    }

    /// A stream of batches after it went through Arrow C++.
    static func roundTrip(_ batches: [Batch], schema: Schema) throws -> ArrowStream {
        var stream = ArrowArrayStream()
        ArrowStream.export(schema: schema, batches: batches, to: &stream)
        try call { arrow_oracle_round_trip_stream(&stream, $0, $1) }
        return try ArrowStream(importing: &stream)
    }

    /// Bytes that Arrow C++ holds now.
    static var allocatedBytes: Int { Int(arrow_oracle_allocated_bytes()) }
}
