import StoaColumns
import StoaKernels

/// Seeded numbers (SplitMix64).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Tables with a column of every kind, in which values repeat, and with everything that is hard: nulls, NaN of both signs,
/// both zeros, infinities, empty text, shared and different dictionaries.
enum RandomTable {
    static let schema = Schema([
        Field("row", .int64, isNullable: false), Field("int", .int64), Field("small", .int8),
        Field("unsigned", .uint32),
        Field("float", .float64), Field("single", .float32), Field("flag", .bool), Field("text", .utf8),
        Field("code", .utf8), Field("day", .date32), Field("time", .timestamp),
        Field("price", .decimal(precision: 12, scale: 2)), Field("wide", .decimal(precision: 38, scale: 4)),
    ])

    static func index(_ name: String) -> Int { schema.names.firstIndex(of: name) ?? -1 }

    /// A table of so many rows; `row` counts them.
    static func make(_ count: Int, seed: UInt64) throws -> Batch {
        var random = SplitMix64(seed: seed)
        func values<Value>(_ draw: (inout SplitMix64) -> Value) -> [Value?] {
            (0..<count).map { _ in random.below(5) == 0 ? nil : draw(&random) }
        }
        let floats: [Double] = [.nan, -.nan, 0, -0.0, 1.5, -2.25, .infinity, -.infinity, 1e300, 3, 4]
        let texts = ["", "a", "ab", "Stoa", "über", "a longer text that does not fit one word", "a\u{0}b", "b"]
        let columns = [
            Column((0..<count).map { Int64($0) }),
            Column(values { Int64($0.below(20)) - 10 }),
            Column(values { Int8($0.below(256) - 128) }),
            Column(values { UInt32(truncatingIfNeeded: $0.next() >> 60) }),
            Column(values { floats[$0.below(floats.count)] }),
            Column(values { Float(floats[$0.below(floats.count)]) }),
            Column(values { $0.below(2) == 0 }),
            Column(values { texts[$0.below(texts.count)] }),
            Column(values { texts[$0.below(texts.count)] }).dictionaryEncoded(),
            Column(values { Int32($0.below(10)) + 19_000 }).reinterpreted(as: .date32),
            Column(values { Int64($0.below(5)) << 40 }).reinterpreted(as: .timestamp),
            try Column(decimals: values { Int128($0.below(40) - 20) }, precision: 12, scale: 2),
            try Column(decimals: values { Int128($0.below(5) - 2) << 80 }, precision: 38, scale: 4),
        ]
        return try Batch(schema: schema, columns: columns)
    }

    /// The table in parts of random lengths, some of them empty and some with a dictionary of their own.
    static func cut(_ table: Batch, seed: UInt64, longest: Int) throws -> [Batch] {
        var random = SplitMix64(seed: seed)
        var parts: [Batch] = []
        var start = 0
        while start < table.rowCount {
            let end = min(table.rowCount, start + random.below(longest + 1))
            var columns = table.slice(start..<end).columns
            if random.below(2) == 0 {
                let code = index("code")
                columns[code] = try columns[code].decoded().dictionaryEncoded()
            }
            parts.append(try Batch(schema: table.schema, columns: columns))
            start = end
        }
        return parts
    }
}

extension Batch {
    /// The numbers in the column `row`: which rows of the table these are.
    var rowNumbers: [Int] {
        get throws { try column("row").array(of: Int64.self).map { Int($0) } }
    }
}
