import Foundation
import Stoa
import StoaTestSupport
import Testing

/// How text is encoded shows in nothing: not in values, not in the order of rows, not in the bits of sums.
@Suite struct TextEncodingTests {
    /// Words of three kinds: few, thousands, nearly all different; with nulls.
    private func table(rows: Int, nulls: Bool) throws -> Batch {
        var random = SplitMix64(seed: nulls ? 3 : 4)
        func words(_ distinct: Int) -> [String?] {
            (0..<rows).map { _ in
                nulls && random.chance(5) ? nil : "w\(random.below(distinct))"
            }
        }
        return try Batch([
            "few": Column(words(30)), "many": Column(words(9_000)), "each": Column(words(1 << 40)),
            "x": Column((0..<rows).map { _ in Double.random(in: -1...1, using: &random) }),
            "n": Column((0..<rows).map { _ in Int32(random.below(50)) }),
        ])
    }

    private func answers(_ frame: DataFrame) async throws -> [ResultTable] {
        let aggregates = [sum("x").as("s"), mean("x").as("m"), max("n").as("g"), count().as("c")]
        let sides = frame.filter(col("n") < 3).groupBy("many").agg(sum("n").as("t"))
        return [
            try await frame.groupBy("few").agg(aggregates).collect(),
            try await frame.groupBy("many").agg(aggregates).collect(),
            try await frame.groupBy("each").agg(aggregates).collect(),
            try await frame.groupBy("many", "few", "n").agg(aggregates).collect(),
            try await frame.groupBy("n").agg(min("many").as("least"), max("each").as("greatest")).collect(),
            try await frame.filter(col("many") == "w17" || col("few").startsWith("w2")).groupBy("many").count()
                .collect(),
            try await frame.filter(col("many") == col("each")).select("few").collect(),
            try await frame.join(sides, on: "many").agg(sum("t").as("t"), count().as("c")).collect(),
            try await frame.select("many").distinct().sort("many").collect(),
            try await frame.sort("few", desc("many"), "each").limit(700).collect(),
            try await frame.agg(countDistinct("many").as("d"), countDistinct("each").as("e")).collect(),
        ]
    }

    /// Texts are equal when their bytes are, in data and in constants.
    @Test func constantsAreTheirBytes() async throws {
        let (one, two) = ("caf\u{e9}", "cafe\u{301}")
        let session = try Session()
        let frame = try session.dataFrame(["t": Column([one, two, two, nil])])
        #expect(try await frame.filter(col("t") == one).count() == 1)
        #expect(try await frame.filter(col("t") == two).count() == 2)
        #expect(try await frame.filter(col("t") == one || col("t") == two).count() == 3)
        #expect(try await frame.filter(col("t").isIn([.string(one), .string(two)])).count() == 3)
    }

    @Test(arguments: [false, true])
    func sameRowsAndBitsWhateverTheEncoding(nulls: Bool) async throws {
        let rows = 60_000
        let batch = try table(rows: rows, nulls: nulls)
        // Half of the rows of `many` encoded by dictionaries of their own, the rest plain.
        let part = 7_000
        let mixed = try stride(from: 0, to: rows, by: part).map { start in
            let slice = batch.slice(start..<min(rows, start + part))
            let text = slice.columns[1]
            return try Batch(
                schema: batch.schema,
                columns: [slice.columns[0], start % 2 == 0 ? text : text.dictionaryEncoded()] + slice.columns[2...])
        }
        var first: [ResultTable]?
        for (executors, threads) in [(1, 1), (1, 4), (3, 2)] {
            let session = try Session(
                cluster: .embedded(executors: executors, threadsPerExecutor: threads, pinned: false))
            let plain = try session.dataFrame([batch], rowsPerPartition: part)
            for frame in [plain, plain.cache(), try session.dataFrame(mixed, rowsPerPartition: part).cache()] {
                let these = try await answers(frame)
                if let first {
                    for (number, pair) in zip(first, these).enumerated() {
                        #expect(pair.0 == pair.1, "answer \(number) with \(executors) executors of \(threads) threads")
                    }
                } else {
                    first = these
                }
            }
        }
    }
}
