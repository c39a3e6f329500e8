import StoaColumns
import StoaKernels
import Testing

@Suite struct GroupedReductionTests {
    /// Rows dealt to groups at random; some groups stay empty, one is empty in the middle of the states.
    private func ids(_ count: Int, groups: Int, _ maker: inout ColumnMaker) -> [Int32] {
        (0..<count).map { _ in
            let group = maker.below(3) == 0 ? 0 : maker.below(groups)
            return Int32(group == 2 ? 3 : group)
        }
    }

    private func finished(
        _ description: ReductionDescription, groups: Int, _ take: (any GroupedReduction) -> Void
    ) throws -> Column {
        let states = description.makeGroupedReduction()
        states.grow(to: groups)
        take(states)
        let result = try states.finish(0..<groups)
        try result.checkInvariants()
        return result
    }

    @Test(arguments: KeyKind.allCases)
    func groupsAreReducedLikeColumnsOfTheirRows(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 20)
        let groups = 7
        for (round, nulls) in (NullPattern.allCases + [.none, .random, .random]).enumerated() {
            let shape = Shape(count: round == 0 ? 3 : 100 + maker.below(1_200), offset: round, nulls: nulls)
            let column = round % 2 == 0 ? tame(kind, &maker, shape) : kind.column(&maker, shape, batch: 0)
            let ids = ids(shape.count, groups: groups, &maker)
            for description in descriptions(of: kind.type) {
                var overflows = false
                var expected: [Column] = []
                for group in 0..<groups {
                    do {
                        expected.append(try reference(description, column, ids, Int32(group)))
                    } catch {
                        overflows = true
                    }
                }
                let take = { (states: any GroupedReduction) in
                    states.update(column, ids: ids, count: shape.count)
                }
                if overflows {
                    #expect(throws: StoaError.self) { try finished(description, groups: groups, take) }
                    continue
                }
                let result = try finished(description, groups: groups, take)
                for group in 0..<groups {
                    let value = result.slice(group..<group + 1)
                    let isSame =
                        description.result == .float64
                        ? sameBits(value, Double.values(of: expected[group])?[0]) : value == expected[group]
                    #expect(isSame, "\(description.text) of group \(group), \(shape)")
                }
            }
        }
    }

    /// One group's value: sums of floats in row order, moments by Welford, everything else as the ungrouped form.
    private func reference(
        _ description: ReductionDescription, _ column: Column, _ ids: [Int32], _ group: Int32
    ) throws -> Column {
        let rows = ids.indices.filter { ids[$0] == group }
        let isInexact = column.type.isFloat || column.type.isDecimal
        switch description.function {
        case .sum, .sumOrZero, .mean:
            guard column.type.isFloat else { break }
            let all = ReferenceReduction.floats(column)
            let values = rows.compactMap { all[$0] }
            let none: Double? = description.function == .sumOrZero ? 0 : nil
            let sum = values.reduce(0, +)
            return Column([
                values.isEmpty ? none : description.function == .mean ? sum / Double(values.count) : sum
            ])
        case .variance(let delta) where isInexact, .standardDeviation(let delta) where isInexact:
            let all = ReferenceReduction.floats(column)
            let moments = ReferenceReduction.sequentialMoments(rows.map { all[$0] })
            guard moments.count > delta else { return Column([nil as Double?]) }
            let variance = moments.deviations / Double(moments.count - delta)
            if case .variance = description.function { return Column([variance]) }
            return Column([variance.squareRoot()])
        default: break
        }
        // The same rows, one at a time.
        let reduction = description.makeReduction()
        for row in rows { reduction.consume(column.slice(row..<row + 1), count: 1) }
        return try description.finished([reduction.states()])
    }

    @Test func countingRowsTakesNoArgument() throws {
        var maker = ColumnMaker(seed: 21)
        let ids = ids(500, groups: 5, &maker)
        let result = try finished(ReductionDescription(.countRows, of: nil), groups: 5) {
            $0.update(nil, ids: ids, count: 500)
        }
        #expect(result == Column((0..<5).map { group in Int64(ids.count { $0 == group }) }))
    }

    @Test(arguments: KeyKind.allCases)
    func resultsDoNotDependOnBatchBorders(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 22)
        for round in 0..<4 {
            let shape = Shape(count: 3_000, offset: round, nulls: round % 2 == 0 ? .none : .random)
            let column = tame(kind, &maker, shape)
            let ids = ids(shape.count, groups: 9, &maker)
            for description in descriptions(of: kind.type) {
                let whole = try finished(description, groups: 9) { $0.update(column, ids: ids, count: shape.count) }
                let pieces = column.cut(&maker)
                let cut = try finished(description, groups: 9) { states in
                    var start = 0
                    for piece in pieces {
                        states.update(piece, ids: Array(ids[start..<start + piece.count]), count: piece.count)
                        start += piece.count
                    }
                }
                #expect(cut == whole, "\(description.text)")
            }
        }
    }

    @Test(arguments: KeyKind.allCases)
    func statesMergeByGroupInOrder(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 23)
        let groups = 6
        for description in descriptions(of: kind.type) {
            // Three partitions number their groups differently.
            let parts = (0..<3).map { part in
                let shape = Shape(count: 400, offset: part, nulls: .random)
                return (tame(kind, &maker, shape), ids(400, groups: groups, &maker), (groups - part))
            }
            let merged = try finished(description, groups: groups) { target in
                for (column, ids, rotation) in parts {
                    let states = description.makeGroupedReduction()
                    states.grow(to: groups)
                    states.update(column, ids: ids, count: 400)
                    let places = (0..<groups).map { Int32(($0 + rotation) % groups) }
                    for range in [0..<2, 2..<groups] {
                        let columns = states.states(range)
                        #expect(columns.map(\.type) == description.states)
                        target.merge(columns, ids: Array(places[range]), count: range.count)
                    }
                }
            }
            for group in 0..<groups {
                let single = description.makeGroupedReduction()
                single.grow(to: 1)
                for (column, ids, rotation) in parts {
                    let states = description.makeGroupedReduction()
                    states.grow(to: groups)
                    states.update(column, ids: ids, count: 400)
                    let from = (group - rotation + groups) % groups
                    single.merge(states.states(from..<from + 1), ids: [0], count: 1)
                }
                #expect(merged.slice(group..<group + 1) == (try single.finish(0..<1)), "\(description.text)")
            }
            let all = try finished(description, groups: 1) { states in
                for (column, _, _) in parts {
                    states.update(column, ids: [Int32](repeating: 0, count: 400), count: 400)
                }
            }
            let total = try finished(description, groups: 1) { target in
                for (column, ids, _) in parts {
                    let states = description.makeGroupedReduction()
                    states.grow(to: groups)
                    states.update(column, ids: ids, count: 400)
                    target.merge(states.states(0..<groups), ids: [Int32](repeating: 0, count: groups), count: groups)
                }
            }
            if description.result == .float64, !(kind.type.isInteger || kind.type == .bool) {
                let (left, right) = (Double.values(of: all)?[0] ?? .nan, Double.values(of: total)?[0] ?? .nan)
                #expect(abs(left - right) <= abs(left) * 0x1p-40)
            } else {
                #expect(all == total, "\(description.text)")
            }
        }
    }

    @Test func replacedTextsDoNotAccumulate() throws {
        // Each row replaces the one before it: the store of bytes is rewritten many times.
        let texts = (0..<20_000).map { "text number \(1_000_000 + $0), long enough to be noticed" }
        let result = try finished(ReductionDescription(.max, of: .utf8), groups: 2) { states in
            states.update(Column(texts), ids: (0..<20_000).map { Int32($0 % 2) }, count: 20_000)
        }
        #expect(result == Column([texts[19_998], texts[19_999]]))
    }
}
