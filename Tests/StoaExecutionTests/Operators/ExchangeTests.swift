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
