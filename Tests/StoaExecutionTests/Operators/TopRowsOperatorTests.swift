import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import Testing

@Suite struct TopRowsOperatorTests {
    /// What the operator promises: groups in the order of their first row, the rows of a group sorted, ties in row order.
    private static func expected(
        _ table: Batch, groups: [String], by order: [(name: String, isDescending: Bool, nullsFirst: Bool)], _ limit: Int
    ) throws -> [Int] {
        let keys = try groups.map { try table.column($0).cells }
        let values = try order.map { try table.column($0.name).cells }
        var members: [[Cell]: [Int]] = [:]
        var first: [[Cell]] = []
        for row in 0..<table.rowCount {
            let key = keys.map { $0[row] }
            if members[key] == nil { first.append(key) }
            members[key, default: []].append(row)
        }
        return first.flatMap { key in
            members[key, default: []].sorted { left, right in
                for (cells, key) in zip(values, order) {
                    let (a, b) = (cells[left], cells[right])
                    if a.order(b) == 0 { continue }
                    if a == .null || b == .null { return (a == .null) == key.nullsFirst }
                    return key.isDescending ? a.order(b) > 0 : a.order(b) < 0
                }
                return left < right
            }.prefix(limit)
        }
    }

    @Test(arguments: 0..<40)
    func theFirstRowsOfEveryGroup(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) + 900)
        let count = [0, 1, 60, 500, 2_000][seed % 5]
        let table = try RandomTable.make(count, seed: UInt64(seed) + 900)
        let bound = Bound(schema: table.schema)
        let names = Array(table.schema.names.dropFirst())
        let groups = [[names[seed % names.count]], ["flag", "day"], ["code", "int"]][random.below(3)]
        let order = (0..<[1, 1, 2][random.below(3)]).map { _ in
            (
                name: names[random.below(names.count)], isDescending: random.below(2) == 0,
                nullsFirst: random.below(2) == 0
            )
        }
        let keys = order.map {
            BoundSortKey(bound.column($0.name), isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
        }
        let parts = try RandomTable.cut(table, seed: UInt64(seed), longest: 300)
        for limit in [0, 1, 2, 3, 16, 17, 5_000] {
            let top = TopRows(keys: groups.map(bound.column), order: keys, count: limit)
            let result = try TaskHarness().rows(parts, schema: table.schema) { .topRows(top, $0) }
            let rows = try Self.expected(table, groups: groups, by: order, limit)
            #expect(try result.rowNumbers == rows, "\(top)")
            #expect(result == table.taking(rows.map { Int32($0) }))
            // What a partial operator leaves gives the same first rows.
            let partial = TopRows(keys: top.keys, order: keys, count: limit, isPartial: true)
            let twice = try TaskHarness().rows(parts, schema: table.schema) { .topRows(top, .topRows(partial, $0)) }
            #expect(try twice.rowNumbers == rows, "partial \(top)")
        }
    }

    /// All groups are small, so a partial operator shortens nothing and must say so early.
    @Test func partialRowsPassWhenMostOfThemStay() throws {
        let count = 200_000
        let table = try Batch([
            "row": Column((0..<count).map { Int64($0) }), "group": Column((0..<count).map { Int64($0 / 2) }),
            "value": Column((0..<count).map { Int64($0 * 7 % 1_000) }),
        ])
        let bound = Bound(schema: table.schema)
        let key = BoundSortKey(bound.column("value"), isDescending: true, nullsFirst: false)
        func top(_ name: String, isPartial: Bool) -> TopRows {
            TopRows(keys: [bound.column(name)], order: [key], count: 2, isPartial: isPartial)
        }
        let parts = try RandomTable.cut(table, longest: 30_000)
        let passed = try TaskHarness().rows(parts, schema: table.schema) { .topRows(top("group", isPartial: true), $0) }
        #expect(try passed.rowNumbers == Array(0..<count))
        let few = try TaskHarness().rows(parts, schema: table.schema) { .topRows(top("value", isPartial: true), $0) }
        #expect(few.rowCount == 2_000)
    }
}

extension RandomTable {
    /// Any table in parts of random lengths.
    fileprivate static func cut(_ table: Batch, longest: Int) throws -> [Batch] {
        var random = SplitMix64(seed: 3)
        var parts: [Batch] = []
        var start = 0
        while start < table.rowCount {
            let end = min(table.rowCount, start + 1 + random.below(longest))
            parts.append(table.slice(start..<end))
            start = end
        }
        return parts
    }
}
