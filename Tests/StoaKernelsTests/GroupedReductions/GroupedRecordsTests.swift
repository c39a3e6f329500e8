import StoaColumns
import StoaKernels
import Testing

/// Records against the states of each aggregate by itself.
@Suite struct GroupedRecordsTests {
    /// Every function of every column, which share what they have in common.
    private func described(_ kinds: [KeyKind]) -> (all: [ReductionDescription], argument: [Int?]) {
        var all = [ReductionDescription(.countRows, of: nil)]
        all[0].argumentNumber = 1_000
        var argument: [Int?] = [nil]
        for (column, kind) in kinds.enumerated() {
            let first = all.count
            for var description in descriptions(of: kind.type) {
                description.argumentNumber = first
                all.append(description)
                argument.append(column)
            }
        }
        return (all, argument)
    }

    private func compare(
        _ kinds: [KeyKind], _ batches: [(columns: [Column], ids: [Int32])], groups: Int
    ) throws {
        let (all, argument) = described(kinds)
        let shared = GroupedRecords.Shared(all, keepsRecords: true)
        let single = all.map { $0.makeGroupedReduction() }
        var seen = 0
        for (columns, ids) in batches {
            seen = max(seen, Int(ids.max() ?? -1) + 1)
            shared.grow(to: seen)
            for states in single { states.grow(to: seen) }
            let arguments = argument.map { place in place.map { columns[$0] } }
            shared.updateRecords(arguments, ids: ids, count: ids.count)
            for (place, states) in shared.others { states.update(arguments[place], ids: ids, count: ids.count) }
            for (states, column) in zip(single, arguments) { states.update(column, ids: ids, count: ids.count) }
        }
        shared.grow(to: groups)
        for (place, states) in single.enumerated() {
            states.grow(to: groups)
            for range in [0..<groups, 1..<groups] {
                let found = shared.results[place].states(range)
                #expect(found == states.states(range), "states of \(all[place].text)")
                for column in found { try column.checkInvariants() }
                var expected: Column?
                do { expected = try states.finish(range) } catch { expected = nil }
                if let expected {
                    #expect(try shared.results[place].finish(range) == expected, "\(all[place].text)")
                } else {
                    #expect(throws: StoaError.self) { try shared.results[place].finish(range) }
                }
            }
        }
    }

    @Test(arguments: KeyKind.allCases)
    func recordsHoldWhatStatesHold(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 40)
        for groups in [2, 7, 3_000] {
            var batches: [(columns: [Column], ids: [Int32])] = []
            for (round, nulls) in ([.none] + NullPattern.allCases + [.none]).enumerated() {
                let shape = Shape(count: [700, 1, 513, 1_500][round % 4], offset: round, nulls: nulls)
                let column = round % 2 == 0 ? tame(kind, &maker, shape) : kind.column(&maker, shape, batch: 0)
                // Runs of one group, also over whole blocks, and rows dealt at random.
                let single = maker.below(2) == 0 ? Int32(maker.below(groups)) : nil
                let ids = (0..<shape.count).map {
                    $0 < 600 ? single ?? Int32(maker.below(groups)) : Int32(maker.below(groups))
                }
                batches.append(([column], ids))
            }
            try compare([kind], batches, groups: groups)
        }
    }

    @Test func aggregatesOfSeveralColumnsShareRecords() throws {
        var maker = ColumnMaker(seed: 41)
        let kinds: [KeyKind] = [
            .int32, .float64, .bool, .int64, .narrowDecimal, .float32, .uint64, .text, .wideDecimal,
        ]
        let batches = (0..<4).map { round in
            let shape = Shape(count: 2_000, offset: round, nulls: round == 2 ? .random : .none)
            return (kinds.map { tame($0, &maker, shape) }, (0..<2_000).map { _ in Int32(maker.below(50)) })
        }
        try compare(kinds, batches, groups: 60)
    }

    @Test func sumsLeaveTheirWordsBeforeTheyOverflow() throws {
        // 47 bits a value fill a word of 62 bits within two chunks; values of 63 bits never go through words.
        let large = (0..<40_000).map { Int64($0 % 2 == 0 ? 1 << 46 : (1 << 46) + 1) }
        let huge = (0..<40_000).map { $0 % 3 == 0 ? Int64.max : Int64.min }
        let mixed = (0..<40_000).map { Int64($0 % 5) * ($0 < 20_000 ? 1 : -(1 << 40)) }
        let ids = (0..<40_000).map { Int32($0 % 3) }
        try compare(
            [.int64], [([Column(large)], ids), ([Column(huge)], ids), ([Column(mixed)], ids), ([Column(large)], ids)],
            groups: 3)
        // More groups than rows come between two moves: some chunks go through words, the others beside them.
        let spread = (0..<40_000).map { Int32($0 * 7_919 % 50_000) }
        try compare(
            [.int64], [([Column(large)], spread), ([Column(mixed)], spread), ([Column(large)], spread)], groups: 50_000)
        let unsigned = (0..<40_000).map { $0 % 3 == 0 ? UInt64.max : UInt64($0) }
        try compare([.uint64], [([Column(unsigned)], ids)], groups: 3)
        // The same with bounds that the column came with.
        try compare([.int64], [([Column(large).withBounds()], ids), ([Column(mixed).withBounds()], ids)], groups: 3)
    }

    @Test func packedSumsAreUnpackedBeforeTheyOverflow() throws {
        // Two sums of 8 bits leave room for 65,535 rows.
        let rows = 150_000
        let small = Column((0..<rows).map { Int32($0 % 255 - 127) })
        let positive = Column((0..<rows).map { Int64(200 + $0 % 56) })
        let full = Column([Int64](repeating: 255, count: rows))
        let ids = (0..<rows).map { Int32($0 * 7_919 % 13) }
        try compare(
            [.int32, .int64], [([small, positive], ids), ([small, full], ids.map { _ in 5 }), ([small, full], ids)],
            groups: 14)
        try compare(
            [.int32, .int64],
            [([small.withBounds(), positive.withBounds()], ids), ([small.withBounds(), full.withBounds()], ids)],
            groups: 14)
    }

    @Test func packingEndsWhereValuesOrGroupsAreTooMany() throws {
        let rows = 60_000
        let ids = (0..<rows).map { Int32($0 % 11) }
        let own = (0..<rows).map { Int32($0) }
        let small = Column((0..<rows).map { Int64($0 % 3 - 1) }).withBounds()
        let wider = Column((0..<rows).map { Int64($0 % 3_000 - 1) }).withBounds()
        let extreme = Column((0..<rows).map { $0 % 2 == 0 ? Int64.min : Int64.max }).withBounds()
        let floats = Column((0..<rows).map { $0 % 1_000 == 7 ? Double.nan : Double($0) / 3 })
        try compare(
            [.int64, .float64],
            [([small, floats], ids), ([wider, floats], ids), ([extreme, floats], ids), ([small, floats], own)],
            groups: rows)
        try compare([.int64, .float64], [([small, floats], own), ([wider, floats], ids)], groups: rows)
        // Ranges that grow again and again.
        let growing = (0..<24).map { step in
            (
                [Column((0..<500).map { Int64($0 % 2) << Int64(step) }).withBounds(), floats.slice(0..<500)],
                Array(ids[0..<500])
            )
        }
        try compare([.int64, .float64], growing, groups: 11)
    }

    @Test func packingIsExplained() {
        var sums = [ReductionDescription(.sum, of: .int32), ReductionDescription(.mean, of: .int32)]
        sums[1].argumentNumber = 1
        let shared = GroupedRecords.Shared(sums, keepsRecords: true)
        shared.grow(to: 2)
        let values = Column([1, 2, 3] as [Int32]).withBounds()
        shared.updateRecords([values, values], ids: [0, 1, 0], count: 3)
        _ = shared.results[0].states(0..<2)
        #expect(
            shared.records?.packing == "the number of rows and 2 sums packed into one word: values need 2, 2 bits")
    }

    @Test(arguments: KeyKind.allCases)
    func rowsAsStatesMergeToTheStatesOfTheirGroups(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 42)
        for nulls in NullPattern.allCases {
            let shape = Shape(count: 400, offset: 3, nulls: nulls)
            let column = tame(kind, &maker, shape)
            let ids = (0..<400).map { _ in Int32(maker.below(20)) }
            for description in descriptions(of: kind.type) + [ReductionDescription(.countRows, of: nil)]
            where description.hasStatesOfRows {
                let argument = description.argument == nil ? nil : column
                let direct = description.makeGroupedReduction()
                direct.grow(to: 20)
                direct.update(argument, ids: ids, count: 400)
                let merged = description.makeGroupedReduction()
                merged.grow(to: 20)
                let states = description.statesOfRows(argument, count: 400)
                #expect(states.map(\.type) == description.states)
                merged.merge(states, ids: ids, count: 400)
                #expect(try merged.finish(0..<20) == direct.finish(0..<20), "\(description.text)")
            }
        }
    }
}
