import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct SortOperatorTests {
    /// Random sort keys over the random table, and the comparison of two of its rows that they stand for.
    private static func keys(_ table: Batch, _ random: inout SplitMix64) throws -> (
        keys: [BoundSortKey], order: (Int, Int) -> Bool
    ) {
        let bound = Bound(schema: table.schema)
        var keys: [BoundSortKey] = []
        var compared: [(cells: [Cell], isDescending: Bool, nullsFirst: Bool)] = []
        for _ in 0...random.below(3) {
            let name = table.schema.names[1 + random.below(table.schema.count - 1)]
            let isDescending = random.below(2) == 0
            let nullsFirst = random.below(2) == 0
            // Adding a constant to these few integers changes no order.
            let expression = name == "int" ? bound.computed(name, plus: 3) : bound.column(name)
            keys.append(BoundSortKey(expression, isDescending: isDescending, nullsFirst: nullsFirst))
            compared.append((try table.column(name).cells, isDescending, nullsFirst))
        }
        return (
            keys,
            { left, right in
                for key in compared {
                    let (a, b) = (key.cells[left], key.cells[right])
                    let order = a.order(b)
                    if order == 0 { continue }
                    if a == .null || b == .null { return (a == .null) == key.nullsFirst }
                    return key.isDescending ? order > 0 : order < 0
                }
                return left < right
            }
        )
    }

    @Test(arguments: 0..<30)
    func sortedByAnyKeysWhateverTheBatches(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let count = [0, 1, 50, 400, 1_500][seed % 5]
        let table = try RandomTable.make(count, seed: UInt64(seed))
        let (keys, order) = try Self.keys(table, &random)
        let expected = Array(0..<count).sorted(by: order)
        for longest in [9, 200, 5_000] {
            let parts = try RandomTable.cut(table, seed: UInt64(seed + longest), longest: longest)
            for limit in [nil, 0, 1, 30, count, count + 10] as [Int?] {
                let result = try TaskHarness().rows(parts, schema: table.schema) { .sort(keys, limit: limit, $0) }
                let rows = Array(expected.prefix(limit ?? count))
                #expect(try result.rowNumbers == rows, "\(keys) limit \(limit ?? -1)")
                #expect(result == table.taking(rows.map { Int32($0) }))
            }
        }
    }

    @Test func aLimitHoldsFewRows() throws {
        let count = 400_000
        var random = SplitMix64(seed: 5)
        let values = (0..<count).map { _ in Int64(random.below(1_000)) }
        let table = try Batch(["row": Column((0..<count).map { Int64($0) }), "value": Column(values)])
        let key = BoundSortKey(Bound(schema: table.schema).column("value"), isDescending: true, nullsFirst: false)
        let harness = TaskHarness()
        let input = TaskInput.blocks([harness.put([table], stage: 0)])
        let block = try harness.blocks(.sort([key], limit: 100, .input(0, table.schema)), [input])[0]
        let expected = (0..<count).sorted { (values[$1], $0) < (values[$0], $1) }.prefix(100)
        #expect(try block.joined(table.schema).rowNumbers == Array(expected))
        // Sorting all rows would take 36 bytes each beside the rows themselves.
        #expect(harness.executor.memory.peakBytes < 36 * count)
    }

    @Test(arguments: 0..<20)
    func mergedBlocksEqualOneSort(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) + 500)
        let count = [0, 10, 300, 1_500][seed % 4]
        let table = try RandomTable.make(count, seed: UInt64(seed) + 500)
        let (keys, order) = try Self.keys(table, &random)
        let expected = Array(0..<count).sorted(by: order)
        let harness = TaskHarness()
        var blocks: [BlockLocation] = []
        for (partition, part) in try RandomTable.cut(table, seed: UInt64(seed), longest: count / 3 + 1).enumerated() {
            let input = TaskInput.blocks([harness.put([part], stage: 0, partition: partition)])
            let report = try harness.report(
                .sort(keys, limit: nil, .input(0, table.schema)), [input], stage: 1, partition: partition)
            blocks.append(BlockLocation(block: report.blocks[0].id, executor: harness.executor.id))
        }
        for limit in [nil, 0, 1, 25, count * 2] as [Int?] {
            let plan = PhysicalPlan.mergeSorted(keys, limit: limit, .input(0, table.schema))
            let merged = try harness.blocks(plan, [.blocks(blocks)], stage: 2)[0].joined(table.schema)
            #expect(try merged.rowNumbers == Array(expected.prefix(limit ?? count)))
        }
    }
}
