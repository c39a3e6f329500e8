import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import Testing

/// Aggregations without keys that take their rows through filters and projections.
@Suite struct FusedAggregationTests {
    private typealias Call = (function: AggregateFunction, argument: BoundExpression)

    private func aggregate(_ function: AggregateFunction, _ argument: BoundExpression?) throws -> BoundAggregate {
        let type: DataType =
            switch (function, argument?.type) {
            case (.countRows, _), (.count, _): .int64
            case (.min, let type?), (.max, let type?): type
            case (.sum, .decimal(_, let scale)?): .decimal(precision: 38, scale: scale)
            case (.sum, let type?) where !type.isFloat: .int64
            default: .float64
            }
        return BoundAggregate(function: function, argument: argument, type: type, text: "\(function)")
    }

    /// The values of aggregates over the rows of batches.
    private func values(
        _ aggregates: [BoundAggregate], after steps: [RowStep], _ batches: [Batch], _ schema: Schema
    ) throws -> [Column] {
        let output = Schema(aggregates.enumerated().map { Field("\($0.offset)", $0.element.type) })
        let aggregation = Aggregation(phase: .complete, keys: [], aggregates: aggregates, schema: output)
        let grouping = try AggregateOperator(
            aggregation, after: steps, input: MorselSource(schema: schema, batches: batches),
            cancellation: CancellationFlag())
        guard let batch = try grouping.next() else { return [] }
        #expect(try grouping.next() == nil)
        return batch.columns
    }

    private func kernel(_ aggregate: BoundAggregate) throws -> any Reduction {
        ReductionDescription(
            function: .sum, argument: aggregate.argument?.type, result: aggregate.type, text: aggregate.text,
            states: aggregate.stateTypes
        ).makeReduction()
    }

    /// Sums that rounding changes with their shape: a filter that drops whole blocks leaves every row in its place.
    @Test(arguments: [0, 1, 300, 1_024, 1_500, 2_048, 3_000, 4_095]) func droppedBlocksKeepTheirPlace(first: Int) throws
    {
        let count = 4_096
        let batch = try Batch([
            "n": Column((0..<count).map { Int64($0) }), "v": Column((0..<count).map { 1 / Double($0 + 1) }),
        ])
        for condition in [
            try batch.schema.bind([col("n") >= lit(first)])[0],
            try batch.schema.bind([col("n") % 1_300 >= lit(min(first, 1_299))])[0],
        ] {
            let value = try batch.schema.bind([col("v")])[0]
            let product = try batch.schema.bind([col("v") * col("v")])[0]
            let aggregates = try [
                aggregate(.sum, value), aggregate(.mean, product), aggregate(.variance(deltaDegrees: 0), value),
                aggregate(.sum, product),
            ]
            var answers: [[UInt64]] = []
            for cut in [4_096, 512, 1, 1_000, 1_024, 3_584] {
                var batches: [Batch] = []
                var start = 0
                while start < count {
                    batches.append(batch.slice(start..<min(count, start + cut)))
                    start += cut
                }
                let found = try values(aggregates, after: [.filter(condition)], batches, batch.schema)
                answers.append(found.map { $0.values(as: Double.self)[0].bitPattern })
            }
            #expect(Set(answers).count == 1, "\(answers)")
        }
    }

    /// Products of columns are summed where they are read: to the bits of the sum of the column of products, nulls on either
    /// side and all cuts included, whether or not the program does more than that.
    @Test(arguments: [(0, 0), (7, 0), (0, 5), (7, 5), (1, 5)]) func sumsOfProducts(_ nullEvery: (Int, Int)) throws {
        let count = 5_003
        func column(_ every: Int, _ value: (Double) -> Double) -> Column {
            Column((0..<count).map { every > 0 && $0 % every == 0 ? nil : value(Double($0)) } as [Double?])
        }
        let batch = try Batch([
            "x": column(nullEvery.0) { 1 / ($0 + 1) }, "y": column(nullEvery.1) { 0.1 * $0 - 77 },
        ]).slice(3..<count)
        let bound = try batch.schema.bind([col("x") * col("y"), col("x"), col("x") + col("y")])
        let products = try ExpressionProgram([bound[0]], input: batch.schema).evaluate(batch)[0]
        let sum = try aggregate(.sum, bound[0])
        let reference = try kernel(sum)
        reference.consume(products, count: batch.rowCount)
        let state = reference.states()[0]
        let expected = withExtendedLifetime(state) { state.values(as: Double.self)[0].bitPattern }
        let mean = try aggregate(.mean, bound[0])
        let others = try [aggregate(.sum, bound[1]), aggregate(.sum, bound[2])]
        for aggregates in [[sum, mean], [sum, mean, others[0]], [sum, mean, others[1]]] {
            for cut in [batch.rowCount, 1, 64, 700, 1_024, 1_500] {
                let batches = stride(from: 0, to: batch.rowCount, by: cut).map {
                    batch.slice($0..<min(batch.rowCount, $0 + cut))
                }
                let found = try values(aggregates, after: [], batches, batch.schema)
                let present = Double(batch.rowCount - products.nullCount)
                guard present > 0 else {
                    #expect(found[0].nullCount == 1 && found[1].nullCount == 1)
                    continue
                }
                let (sum, mean) = withExtendedLifetime(found) {
                    (found[0].values(as: Double.self)[0], found[1].values(as: Double.self)[0])
                }
                #expect(sum.bitPattern == expected, "cut \(cut)")
                #expect(mean == sum / present)
            }
        }
    }

    /// Random conditions and arguments against the reference, row by row: only rows that pass count, and only they fail; the
    /// result has the same bits however the rows are cut; a float sum is that of the column with nulls for dropped rows.
    @Test(arguments: 0..<6) func randomFiltersAndArguments(_ seed: Int) throws {
        let table = try RandomTable.make(2_600, seed: UInt64(seed)).slice(7..<2_590)
        let columns = table.columns.map(\.cells)
        let rows = (0..<table.rowCount).map { row in columns.map { $0[row] } }
        var trees = RandomExpressions(seed: UInt64(seed) &* 131)
        var failures = 0
        for number in 0..<40 {
            let depth = 1 + number % 3
            let bound = try table.schema.bind([
                trees.flag(depth), trees.integer(depth), trees.float(depth), trees.text(depth),
            ])
            var passed: [Bool] = []
            var failing = Set<Int>()
            var arguments: [[Cell]] = [[], [], []]
            for (index, row) in rows.enumerated() {
                var isPassed = false
                var cells: [Cell] = [.null, .null, .null]
                do {
                    isPassed = try ReferenceInterpreter.evaluate(bound[0], row) == .flag(true)
                    if isPassed { cells = try bound[1...].map { try ReferenceInterpreter.evaluate($0, row) } }
                } catch is ReferenceFailure {
                    failing.insert(index)
                }
                passed.append(isPassed)
                for place in 0..<3 { arguments[place].append(cells[place]) }
            }
            let aggregates = try [
                aggregate(.countRows, nil), aggregate(.count, bound[1]), aggregate(.min, bound[1]),
                aggregate(.max, bound[1]), aggregate(.sum, bound[2]), aggregate(.max, bound[2]),
                aggregate(.variance(deltaDegrees: 1), bound[2]), aggregate(.min, bound[3]), aggregate(.count, bound[3]),
            ]
            let cuts = [[table]] + (try (0..<2).map { try RandomTable.cut(table, seed: UInt64($0), longest: 700) })
            if !failing.isEmpty {
                failures += 1
                for batches in cuts {
                    do {
                        _ = try values(aggregates, after: [.filter(bound[0])], batches, table.schema)
                        Issue.record("rows \(failing.sorted().prefix(3)) should fail: \(bound.map(\.text))")
                    } catch let error as StoaError {
                        #expect(failing.contains(error.location.row ?? -1), "\(error) in \(bound.map(\.text))")
                    }
                }
                continue
            }
            let results = try cuts.map { try values(aggregates, after: [.filter(bound[0])], $0, table.schema) }
            for result in results.dropFirst() { #expect(bits(result) == bits(results[0]), "\(bound.map(\.text))") }
            let integers = arguments[0].filter { $0 != .null }
            let floats = arguments[1].filter { $0 != .null }
            let texts = arguments[2].filter { $0 != .null }
            let found = results[0].map { $0.cells[0] }
            #expect(found[0] == .integer(Int128(passed.count { $0 })), "\(bound.map(\.text))")
            #expect(found[1] == .integer(Int128(integers.count)))
            #expect(found[2] == (integers.min { $0.order($1) < 0 } ?? .null))
            #expect(found[3] == (integers.max { $0.order($1) < 0 } ?? .null))
            #expect(found[5] == (floats.max { $0.order($1) < 0 } ?? .null))
            #expect(found[7] == (texts.min { $0.order($1) < 0 } ?? .null))
            #expect(found[8] == .integer(Int128(texts.count)))
            let places = Column(
                arguments[1].map { cell -> Double? in if case .float(let value) = cell { value } else { nil } })
            let sum = try kernel(aggregates[4])
            sum.consume(places, count: places.count)
            #expect(floats.isEmpty || sum.states()[0].cells[0] == found[4], "\(bound.map(\.text))")
        }
        #expect(failures > 0)
    }

    /// The bits of one-row columns, every NaN being as good as another.
    private func bits(_ columns: [Column]) -> [String] {
        columns.map { column in
            guard column.type == .float64, !column.isNull(at: 0) else { return column.formatted(at: 0) }
            let value = column.values(as: Double.self)[0]
            return value.isNaN ? "nan" : String(value.bitPattern)
        }
    }

    @Test func filtersAndProjectionsInTurn() throws {
        let batch = try Batch([
            "a": Column((0..<5_000).map { Int64($0) }), "b": Column((0..<5_000).map { Int64($0 % 7) }),
        ])
        let first = try batch.schema.bind([col("b") != 0])[0]
        let projected = try batch.schema.bind([col("a").quotient(col("b")), col("b")])
        let names = Schema([Field("q", .int64), Field("b", .int64)])
        let second = try names.bind([col("q") % 2 == 0])[0]
        let argument = try names.bind([col("q") * 10 + col("b")])[0]
        let result = try values(
            [aggregate(.sum, argument), aggregate(.countRows, nil)],
            after: [.filter(first), .project(projected), .filter(second)], [batch], batch.schema)
        var sum = 0
        var count = 0
        for a in 0..<5_000 where a % 7 != 0 && (a / (a % 7)) % 2 == 0 {
            sum += a / (a % 7) * 10 + a % 7
            count += 1
        }
        #expect(result[0].cells == [.integer(Int128(sum))] && result[1].cells == [.integer(Int128(count))])
    }

    @Test func everyRowOrNone() throws {
        let batch = try RandomTable.make(1_500, seed: 3)
        let argument = try batch.schema.bind([col("row") + 1])[0]
        for (condition, count) in [(col("row") >= 0, 1_500), (col("row") < 0, 0), (col("row") == 1_400, 1)] {
            let result = try values(
                [aggregate(.countRows, nil), aggregate(.sum, argument)],
                after: [.filter(try batch.schema.bind([condition])[0])], [batch], batch.schema)
            #expect(result[0].cells == [.integer(Int128(count))])
            #expect(result[1].isNull(at: 0) == (count == 0))
        }
    }

    // MARK: Decimals

    /// Products of decimals whose type has more than 18 digits, with values that 64 bits hold in some blocks only.
    @Test(arguments: 0..<4) func decimalsOfAnySize(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let count = 5_000
        let types = [
            DataType.decimal(precision: 15, scale: 2), .decimal(precision: 15, scale: 2),
            .decimal(precision: 20, scale: 1),
        ]
        // Blocks of 1,024 rows: some all small, some with one large value.
        func draw(_ row: Int, _ large: Int128) -> Int128? {
            if random.below(9) == 0 { return nil }
            if row / 1_024 % 2 == 1, random.below(300) == 0 { return large }
            return Int128(random.below(20_000)) - 5_000
        }
        let large: [Int128] = [999_999_999_999_999, -100_000_000_000_000, 7_000_000_000_000_000_000]
        let unscaled = large.map { large in (0..<count).map { draw($0, large) } }
        var columns: [Column] = []
        for (values, type) in zip(unscaled, types) {
            guard case .decimal(let precision, let scale) = type else { continue }
            columns.append(try Column(decimals: values, precision: precision, scale: scale))
        }
        let schema = Schema(zip(["a", "b", "c"], types).map { Field($0, $1) })
        let batch = try Batch(schema: schema, columns: columns)
        let bound = try schema.bind([
            col("a") * (1 - col("b")), col("a") + col("c"), (col("a") - col("c")).cast(to: .float64) > 0, -col("c"),
        ])
        let expected: [[Int128?]] = (0..<2).map { index in
            (0..<count).map { row in
                guard let a = unscaled[0][row] else { return nil }
                if index == 0 { return unscaled[1][row].map { a * (100 - $0) } }
                return unscaled[2][row].map { a + $0 * 10 }
            }
        }
        let evaluated = try ExpressionProgram(bound, input: schema).evaluate(batch)
        for index in 0..<2 {
            try evaluated[index].checkInvariants()
            #expect(try evaluated[index].unscaledDecimals() == expected[index])
            #expect(evaluated[index].type == bound[index].type)
        }
        for keep in [col("a") > 0, col("b") < 100, col("c").isNotNull] {
            let condition = try schema.bind([keep])[0]
            let passes = try ExpressionProgram([condition], input: schema).evaluateMask(batch)
            let aggregates = try bound[..<2].flatMap { argument in
                try [AggregateFunction.sum, .min, .max, .count].map { try aggregate($0, argument) }
            }
            for pieces in [[batch], [batch.slice(0..<700), batch.slice(700..<5_000)]] {
                let result = try values(aggregates, after: [.filter(condition)], pieces, schema)
                for index in 0..<2 {
                    let kept = passes.rows().compactMap { expected[index][Int($0)] }
                    let found = try (0..<3).map { try result[index * 4 + $0].unscaledDecimals()[0] }
                    #expect(found == [kept.reduce(0, +), kept.min(), kept.max()])
                    #expect(result[index * 4 + 3].cells == [.integer(Int128(kept.count))])
                }
            }
        }
    }

    /// Sums by key take the same decimals in 64 bits.
    @Test func decimalsByKey() throws {
        var random = SplitMix64(seed: 77)
        let keys = (0..<4_000).map { _ in Int64(random.below(5)) }
        let prices: [Int128] = (0..<4_000).map { row in row == 3_000 ? 999_999_999_999_999 : Int128(random.below(9_000))
        }
        let batch = try Batch([
            "k": Column(keys), "p": Column(decimals: prices, precision: 15, scale: 2),
        ])
        let bound = try batch.schema.bind([col("k"), col("p") * col("p") * 100])
        let aggregates = try [aggregate(.sum, bound[1]), aggregate(.count, bound[1]), aggregate(.max, bound[1])]
        let aggregation = Aggregation(
            phase: .complete, keys: [bound[0]], aggregates: aggregates,
            schema: Schema([Field("k", .int64)] + aggregates.map { Field($0.text, $0.type) }))
        let grouping = try AggregateOperator(
            aggregation,
            input: MorselSource(schema: batch.schema, batches: [batch.slice(0..<2_048), batch.slice(2_048..<4_000)]),
            cancellation: CancellationFlag())
        let result = try #require(try grouping.next())
        for row in 0..<result.rowCount {
            let key = result.columns[0].values(as: Int64.self)[row]
            let products = (0..<4_000).filter { keys[$0] == key }.map { prices[$0] * prices[$0] * 100 }
            guard case .decimal(_, let scale) = bound[1].type else { continue }
            let unit: Int128 = scale >= 4 ? Decimals.powerOfTen(scale - 4) : 1
            #expect(try result.columns[1].unscaledDecimals()[row] == products.reduce(0, +) * unit)
            #expect(result.columns[2].cells[row] == .integer(Int128(products.count)))
            #expect(try result.columns[3].unscaledDecimals()[row] == products.max().map { $0 * unit })
        }
    }

    @Test func overflowOfDroppedRowsIsNone() throws {
        var values = [Int64](repeating: 3, count: 3_000)
        values[2_100] = .max
        let batch = try Batch(["a": Column(values), "n": Column((0..<3_000).map { Int64($0) })])
        let a = col("a")
        for (argument, message) in [(a * 2, "9223372036854775807 * 2"), (a + 1, "9223372036854775807 + 1")] {
            let bound = try batch.schema.bind([col("n") != 2_100, col("n") > 1_500, argument])
            let aggregates = try [aggregate(.max, bound[2])]
            let without = try self.values(aggregates, after: [.filter(bound[0])], [batch], batch.schema)
            #expect(without[0].cells == [.integer(argument == a * 2 ? 6 : 4)])
            do {
                _ = try self.values(
                    aggregates, after: [.filter(bound[1])], [batch.slice(0..<1_000), batch.slice(1_000..<3_000)],
                    batch.schema)
                Issue.record("no overflow")
            } catch let error as StoaError {
                #expect(error.code == .overflow && error.location.row == 2_100, "\(error)")
                #expect(error.message.contains(message), "\(error)")
            }
        }
    }
}
