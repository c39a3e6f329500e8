import StoaColumns

/// Seeded batches of every type, with nulls, extreme and awkward values.
struct RandomBatches {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    static let fields: [(String, DataType)] = [
        ("bool", .bool), ("i8", .int8), ("i16", .int16), ("i32", .int32), ("i64", .int64), ("u8", .uint8),
        ("u16", .uint16), ("u32", .uint32), ("u64", .uint64), ("f32", .float32), ("f64", .float64), ("text", .utf8),
        ("word", .utf8), ("date", .date32), ("time", .timestamp), ("zoned", .timestamp(zone: "UTC")),
        ("money", .decimal(precision: 12, scale: 2)), ("wide", .decimal(precision: 38, scale: 10)),
    ]

    static var schema: Schema { Schema(fields.map { Field($0.0, $0.1) }) }

    mutating func batch(rows: Int) throws -> Batch {
        var columns: [Column] = []
        for (name, type) in Self.fields { columns.append(try column(name, type, rows)) }
        return try Batch(schema: Self.schema, columns: columns)
    }

    private mutating func values<Value>(_ rows: Int, _ make: (inout SplitMix64) -> Value) -> [Value?] {
        (0..<rows).map { _ in Int.random(in: 0..<5, using: &random) == 0 ? nil : make(&random) }
    }

    private mutating func integers<Value: FixedWidthInteger & ColumnElement>(_ type: Value.Type, _ rows: Int) -> Column
    {
        Column(
            values(rows) { random in
                [Value.min, .max, 0, 1, Value(truncatingIfNeeded: random.next())].randomElement(using: &random) ?? 0
            })
    }

    private mutating func column(_ name: String, _ type: DataType, _ rows: Int) throws -> Column {
        switch type {
        case .bool: return Column(values(rows) { Bool.random(using: &$0) })
        case .int8: return integers(Int8.self, rows)
        case .int16: return integers(Int16.self, rows)
        case .int32: return integers(Int32.self, rows)
        case .int64: return integers(Int64.self, rows)
        case .uint8: return integers(UInt8.self, rows)
        case .uint16: return integers(UInt16.self, rows)
        case .uint32: return integers(UInt32.self, rows)
        case .uint64: return integers(UInt64.self, rows)
        case .float32:
            return Column(
                values(rows) { random in
                    let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
                    return value.isNaN ? -0.0 : value
                })
        case .float64:
            return Column(
                values(rows) { random in
                    let value = Double(bitPattern: random.next())
                    let special = [0, -0.0, 1e5, 1e16, 0.1, .infinity, -.infinity, 1, value.isNaN ? 0 : value]
                    return special.randomElement(using: &random) ?? 0
                })
        case .utf8 where name == "word":
            return Column(values(rows) { "word\(Int.random(in: 0..<5, using: &$0))" }).dictionaryEncoded()
        case .utf8:
            let pieces = ["", "a", ",", "\"", "\n", "\r", "é", "😀", "NA", " "]
            return Column(
                values(rows) { random in
                    (0..<Int.random(in: 0..<4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                        .joined()
                })
        case .date32:
            let days = values(rows) { Int32.random(in: -700_000...2_900_000, using: &$0) }
            return Column(days).retyped(type)
        case .timestamp:
            let times = values(rows) { Int64.random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &$0) }
            return Column(times).retyped(type)
        case .decimal(let precision, let scale):
            let digits = min(precision, 30)
            let limit = (0..<digits).reduce(Int128(1)) { power, _ in power * 10 }
            let numbers = values(rows) { random in
                (Int128(random.next()) << 40 | Int128(random.next() >> 30)) % limit
                    * (Bool.random(using: &random) ? 1 : -1)
            }
            return try Column(decimals: numbers, precision: precision, scale: scale)
        }
    }
}

extension Column {
    /// The same memory under another type of the same storage.
    func retyped(_ type: DataType) -> Column {
        Column(type: type, count: count, offset: offset, validity: validity, nullCount: nullCount, storage: storage)
    }
}
