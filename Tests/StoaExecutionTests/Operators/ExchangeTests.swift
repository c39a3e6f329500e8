import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct ExchangeTests {
    @Test(arguments: 0..<24)
    func everyRowToTheBucketOfItsKeys(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let count = [0, 1, 500, 3_000][seed % 4]
        let table = try RandomTable.make(count, seed: UInt64(seed))
        let bound = Bound(schema: table.schema)
        let names = [["int"], ["float"], ["code"], ["text", "wide"], ["flag", "single", "day"], ["row"]][
            random.below(6)]
        let keys = names.map { $0 == "int" ? bound.computed($0, plus: 5) : bound.column($0) }
        let bucketCount = [1, 2, 7, 64][random.below(4)]
        var cells: [[Cell]] = []
        for name in names { cells.append(try table.column(name).cells) }

        var first: [[Int]]?
        for longest in [11, 5_000] {
            let harness = TaskHarness()
            let parts = try RandomTable.cut(table, seed: UInt64(seed), longest: longest)
            let blocks = try harness.blocks(
                .input(0, table.schema), [.blocks([harness.put(parts, stage: 0)])],
                output: .buckets(keys: keys, count: bucketCount))
            #expect(blocks.count == bucketCount)
            var bucketOfKey: [[Cell]: Int] = [:]
            var buckets: [[Int]] = []
            for (bucket, block) in blocks.enumerated() {
                let rows = try block.joined(table.schema)
                let numbers = try rows.rowNumbers
                #expect(numbers == numbers.sorted(), "rows keep their order within a bucket")
                #expect(rows == table.taking(numbers.map { Int32($0) }))
                for number in numbers {
                    let key = cells.map { $0[number] }
                    #expect(bucketOfKey.updateValue(bucket, forKey: key) ?? bucket == bucket, "\(key) in two buckets")
                }
                buckets.append(numbers)
            }
            #expect(buckets.flatMap { $0 }.sorted() == Array(0..<count))
            // The bucket depends on the values alone: not on the cut, nor on how text is encoded.
            if let first { #expect(buckets == first) } else { first = buckets }
        }
    }

    /// A column of text ends at 2 GiB: what is held goes out before, whatever its encoding.
    @Test(arguments: 0..<4)
    func muchTextIsNotHeld(kind: Int) throws {
        let limit = 20_000
        let words = Column((0..<6_000).map { "text \($0 % 50) " + String(repeating: "x", count: $0 % 97) })
        let table = try Batch(["row": Column((0..<6_000).map { Int64($0) }), "text": words])
        var batches: [Batch] = []
        for (number, start) in stride(from: 0, to: 6_000, by: 300).enumerated() {
            let rows = table.slice(start..<start + 300)
            // Plain, each by its own dictionary, the one and the other, plain after one.
            let isEncoded = [false, true, number % 2 == 0, number < 3][kind]
            batches.append(isEncoded ? try rows.replacingText(rows.columns[1].dictionaryEncoded()) : rows)
        }
        let keys = [Bound(schema: table.schema).column("row")]
        func blocks(_ limit: Int) throws -> [Block] {
            var sink = try BucketSink(
                keys: keys, bucketCount: 3, schema: table.schema, cancellation: CancellationFlag(), textLimit: limit)
            for batch in batches { try sink.append(batch) }
            return try sink.finish()
        }
        for (cut, whole) in zip(try blocks(limit), try blocks(.max)) {
            #expect(try cut.joined(table.schema) == whole.joined(table.schema))
            let (parts, wholeParts) = (try cut.rows(), try whole.rows())
            #expect(wholeParts.count == 1 && parts.count > 3)
            for part in parts {
                let text = part.columns[1]
                #expect((0..<text.count).reduce(0) { $0 + text.textBytes(at: $1).count } <= limit)
            }
        }
    }

    @Test func fewLargeBatchesABucket() throws {
        let count = 300_000
        let table = try Batch(["row": Column((0..<count).map { Int64($0) })])
        let harness = TaskHarness()
        let blocks = try harness.blocks(
            .input(0, table.schema), [.blocks([harness.put([table], stage: 0)])],
            output: .buckets(keys: [Bound(schema: table.schema).column("row")], count: 16))
        for block in blocks {
            #expect(try block.rows().count <= 10)
            // Dealt out evenly: a bucket's share is 18,750 rows.
            #expect((17_500...20_000).contains(block.rowCount))
        }
    }

    @Test func withoutKeysAllRowsAreTogether() throws {
        let table = try RandomTable.make(100, seed: 1)
        let harness = TaskHarness()
        let blocks = try harness.blocks(
            .input(0, table.schema), [.blocks([harness.put([table], stage: 0)])], output: .buckets(keys: [], count: 3))
        #expect(blocks.map(\.rowCount) == [100, 0, 0])
    }
}

extension Batch {
    /// Row numbers and another text column.
    fileprivate func replacingText(_ text: Column) throws -> Batch {
        try Batch(schema: schema, columns: [columns[0], text])
    }
}
