import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct HashJoinOperatorTests {
    private struct Sides {
        let left: Batch
        let right: Batch
        /// Pairs of rows of the join as the user wrote it; nil where a left row has no partner.
        let pairs: (JoinKind, HashJoin.Side) -> [(left: Int, right: Int?)]
        let leftKeys: [BoundExpression]
        let rightKeys: [BoundExpression]
    }

    private static func sides(seed: Int) throws -> Sides {
        var random = SplitMix64(seed: UInt64(seed))
        let left = try RandomTable.make([0, 5, 60, 250][random.below(4)], seed: UInt64(seed) * 2)
        let right = try RandomTable.make([0, 3, 40, 200][random.below(4)], seed: UInt64(seed) * 2 + 1)
        let bound = Bound(schema: RandomTable.schema)
        // "row" has every value once; the others repeat.
        let names = [
            ["row"], ["int"], ["float"], ["text"], ["code"], ["text", "flag"], ["wide", "day"], ["int", "float"],
        ]
        let chosen = names[random.below(names.count)]
        var leftCells: [[Cell]] = []
        var rightCells: [[Cell]] = []
        for name in chosen {
            leftCells.append(try left.column(name).cells)
            rightCells.append(try right.column(name).cells)
        }
        func matches(_ l: Int, _ r: Int) -> Bool {
            zip(leftCells, rightCells).allSatisfy { $0[l] != .null && $0[l] == $1[r] }
        }
        let keys = chosen.map { $0 == "int" ? bound.computed($0, plus: 1) : bound.column($0) }
        return Sides(
            left: left, right: right,
            pairs: { kind, build in
                var pairs: [(left: Int, right: Int?)] = []
                if build == .right {
                    for l in 0..<left.rowCount {
                        let partners = (0..<right.rowCount).filter { matches(l, $0) }
                        pairs += partners.map { (l, $0) }
                        if partners.isEmpty, kind == .left { pairs.append((l, nil)) }
                    }
                } else {
                    for r in 0..<right.rowCount {
                        pairs += (0..<left.rowCount).filter { matches($0, r) }.map { ($0, r) }
                    }
                }
                return pairs
            }, leftKeys: keys, rightKeys: keys)
    }

    @Test(arguments: 0..<40)
    func joinedAsByNestedLoops(seed: Int) throws {
        let sides = try Self.sides(seed: seed)
        let schema = RandomTable.schema
        let output = [
            HashJoin.OutputColumn(side: .right, index: RandomTable.index("code")),
            .init(side: .left, index: 0), .init(side: .right, index: 0),
            .init(side: .left, index: RandomTable.index("text")),
            .init(side: .right, index: RandomTable.index("float")),
        ]
        for (kind, build, isBroadcast) in [
            (JoinKind.inner, HashJoin.Side.left, false), (.inner, .right, true), (.left, .right, false),
            (.left, .right, true),
        ] {
            let join = HashJoin(
                kind: kind, buildSide: build, buildKeys: build == .left ? sides.leftKeys : sides.rightKeys,
                probeKeys: build == .left ? sides.rightKeys : sides.leftKeys, output: output,
                schema: Schema(output.map { Field("\($0.side) \(schema[$0.index].name)", schema[$0.index].type) }),
                isBroadcast: isBroadcast)
            let (built, probed) = build == .left ? (sides.left, sides.right) : (sides.right, sides.left)
            let pairs = sides.pairs(kind, build)
            let leftRows = pairs.map { Int32($0.left) }
            let rightRows = pairs.map { Int32($0.right ?? -1) }
            for longest in [4, 1_000] {
                let harness = TaskHarness()
                let inputs = [built, probed].enumerated().map { number, table in
                    TaskInput.blocks([
                        harness.put((try? RandomTable.cut(table, seed: 3, longest: longest)) ?? [], stage: number)
                    ])
                }
                let plan = PhysicalPlan.join(join, build: .input(0, schema), probe: .input(1, schema))
                let result = try harness.blocks(plan, inputs)[0].joined(join.schema)
                let expected = output.map {
                    $0.side == .left
                        ? sides.left.columns[$0.index].taking(leftRows)
                        : sides.right.columns[$0.index].taking(rightRows)
                }
                #expect(result.columns == expected, "\(kind), built \(build), \(sides.leftKeys.map(\.text))")
            }
        }
    }

    @Test func oneProbeRowWithMorePartnersThanAMorsel() throws {
        let build = try Batch([
            "key": Column([Int64](repeating: 1, count: 40_000)), "row": Column((0..<40_000).map { Int64($0) }),
        ])
        let probe = try Batch(["key": Column([Int64]([2, 1, 1, 3])), "row": Column((0..<4).map { Int64($0) })])
        let key = Bound(schema: build.schema).column("key")
        let join = HashJoin(
            kind: .left, buildSide: .right, buildKeys: [key], probeKeys: [key],
            output: [.init(side: .left, index: 1), .init(side: .right, index: 1)],
            schema: Schema([Field("row", .int64), Field("partner", .int64)]), isBroadcast: false)
        let harness = TaskHarness()
        let inputs = [TaskInput.blocks([harness.put([build], stage: 0)]), .blocks([harness.put([probe], stage: 1)])]
        let block = try harness.blocks(
            .join(join, build: .input(0, build.schema), probe: .input(1, probe.schema)), inputs)[0]
        #expect(try block.rows().allSatisfy { $0.rowCount <= Morsel.rowLimit })
        let rows = try block.joined(join.schema)
        #expect(
            try rows.rowNumbers == [0] + Array(repeating: 1, count: 40_000) + Array(repeating: 2, count: 40_000) + [3])
        let partners: [Int64?] = [nil] + (0..<40_000).map { $0 } + (0..<40_000).map { $0 } + [nil]
        #expect(try rows.column("partner").array(of: Int64?.self) == partners)
    }
}
