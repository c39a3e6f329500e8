import Stoa
import StoaTestSupport

/// The random tables that generated queries run over: nulls, NaN, infinities, both zeros, empty and non-ASCII text.
enum RandomTables {
    static let words = ["", "a", "b", "ab", "Ärger", "日本", "zz top", "B", "o'neil", "\"q\""]

    /// The fact table `t`: `id` is unique and not null; the other columns are nullable.
    static func facts(rows: Int, seed: UInt64) throws -> Batch {
        var random = SplitMix64(seed: seed)
        func column<Value>(_ value: () -> Value) -> [Value?] {
            (0..<rows).map { _ in random.chance(12) ? nil : value() }
        }
        let specials = [Double.nan, -.nan, .infinity, -.infinity, 0.0, -0.0, .leastNonzeroMagnitude, 1e300]
        return try Batch([
            "id": Column((0..<rows).map { Int64($0) }),
            "k": Column(column { Int32(random.below(9)) - 2 }),
            "n": Column(column { Int64(random.below(2_000_001)) - 1_000_000 }),
            "t": Column(column { Int8(truncatingIfNeeded: random.below(40) - 20) }),
            "u": Column(column { UInt16(random.below(500)) }),
            "x": Column(column { Double(random.below(2_000_001) - 1_000_000) / 64 }),
            "y": Column(column { random.chance(20) ? random.pick(specials) : Double(random.below(20) - 10) / 4 }),
            "f": Column(column { Float(random.below(4_001) - 2_000) / 8 }),
            "s": Column(column { random.pick(words) }),
            "b": Column(column { random.chance(50) }),
        ])
    }

    /// The dimension table `d`, joined by `k` or `s`; keys repeat and may be null.
    static func dimensions(rows: Int, seed: UInt64) throws -> Batch {
        var random = SplitMix64(seed: seed)
        func column<Value>(_ value: () -> Value) -> [Value?] {
            (0..<rows).map { _ in random.chance(12) ? nil : value() }
        }
        return try Batch([
            "k": Column(column { Int32(random.below(12)) - 3 }),
            "s": Column(column { random.pick(words + ["only right"]) }),
            "w": Column((0..<rows).map { Int64($0) }),
            "v": Column(column { Double(random.below(1_000)) / 8 }),
        ])
    }
}
