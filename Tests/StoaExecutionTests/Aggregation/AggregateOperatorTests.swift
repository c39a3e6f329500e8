import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import Testing

/// A seeded generator (SplitMix64) for rows and cuts.
private struct RowMaker {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((word ^ (word >> 31)) % UInt64(bound))
    }

    /// Columns: carrier utf8, month int64 with nulls, delay float64 with nulls, distance int64, price decimal(15, 2).
    mutating func batch(_ count: Int) throws -> Batch {
        var carriers: [String] = []
        var months: [Int64?] = []
        var delays: [Double?] = []
        var distances: [Int64] = []
        var prices: [Int128?] = []
        for _ in 0..<count {
            carriers.append("carrier \(below(7))")
            months.append(below(9) == 0 ? nil : Int64(below(12)))
            delays.append(below(6) == 0 ? nil : Double(below(1 << 40)) / 1_024 - 1e8)
            distances.append(Int64(below(5_000)) - 100)
            prices.append(below(11) == 0 ? nil : Int128(below(100_000)) - 50_000)
        }
        return try Batch([
            "carrier": Column(carriers), "month": Column(months), "delay": Column(delays),
            "distance": Column(distances), "price": Column(decimals: prices, precision: 15, scale: 2),
        ])
    }

    /// The batch in pieces at random places, some of them empty.
    mutating func cut(_ batch: Batch) -> [Batch] {
        var pieces: [Batch] = []
        var start = 0
        while start < batch.rowCount {
            let rows = below(6) == 0 ? 0 : min(batch.rowCount - start, 1 + below(900))
            pieces.append(batch.slice(start..<start + rows))
            start += rows
        }
        return pieces
    }
}

/// A grouping over the rows of `RowMaker`, in any phase.
private struct Grouping {
    var keys: [BoundExpression]
    var aggregates: [BoundAggregate]

    static let input = Schema([
        Field("carrier", .utf8), Field("month", .int64), Field("delay", .float64), Field("distance", .int64),
        Field("price", .decimal(precision: 15, scale: 2)),
    ])

    static func column(_ name: String) throws -> BoundExpression {
        let index = try input.index(of: name)
        return BoundExpression(.column(index), type: input[index].type, isNullable: true, text: name)
    }

    /// Every function over every column that it takes.
    static func all(keys: [String]) throws -> Grouping {
        var aggregates = [BoundAggregate(function: .countRows, argument: nil, type: .int64, text: "count()")]
        func add(_ function: AggregateFunction, _ name: String, _ type: DataType) throws {
            aggregates.append(
                BoundAggregate(
                    function: function, argument: try column(name), type: type, text: "\(function)(\(name))"))
        }
        let decimal = DataType.decimal(precision: 38, scale: 2)
        for (name, sum, mean) in [
            ("delay", DataType.float64, DataType.float64), ("distance", .int64, .float64),
            ("price", decimal, .decimal(precision: 19, scale: 6)),
        ] {
            try add(.count, name, .int64)
            try add(.sum, name, sum)
            try add(.sumOrZero, name, sum)
            try add(.mean, name, mean)
            try add(.variance(deltaDegrees: 1), name, .float64)
            try add(.standardDeviation(deltaDegrees: 0), name, .float64)
        }
        for field in input.fields {
            try add(.min, field.name, field.type)
            try add(.max, field.name, field.type)
        }
        return Grouping(keys: try keys.map(column), aggregates: aggregates)
    }

    /// Of those the functions by which rows may be passed on.
    static func passable(keys: [String]) throws -> Grouping {
        var grouping = try all(keys: keys)
        grouping.aggregates.removeAll { $0.text.hasPrefix("variance") || $0.text.hasPrefix("standard") }
        return grouping
    }

    func aggregation(_ phase: AggregatePhase) -> Aggregation {
        let keyFields = keys.map { Field($0.text, $0.type) }
        let fields = aggregates.flatMap { aggregate in
            phase.givesStates
                ? aggregate.stateTypes.enumerated().map { Field("\(aggregate.text).\($0.offset)", $0.element) }
                : [Field(aggregate.text, aggregate.type)]
        }
        return Aggregation(phase: phase, keys: keys, aggregates: aggregates, schema: Schema(keyFields + fields))
    }

    /// Runs one phase over batches.
    func run(_ phase: AggregatePhase, _ batches: [Batch]) throws -> [Batch] {
        let schema = phase.readsStates ? aggregation(.partial).schema : Grouping.input
        let grouping = try AggregateOperator(
            aggregation(phase), input: MorselSource(schema: schema, batches: batches), cancellation: CancellationFlag())
        var output: [Batch] = []
        while let batch = try grouping.next() {
            #expect(batch.rowCount <= Morsel.rowLimit)
            // A partial grouping may pass rows on.
            let isPassed = phase == .partial && batch.schema == aggregation(phase).rowSchema
            #expect(isPassed || batch.schema == aggregation(phase).schema)
            for column in batch.columns { try column.checkInvariants() }
            #expect(batch.columns.map(\.type) == batch.schema.fields.map(\.type))
            output.append(batch)
        }
        return output
    }
}

/// A number of the reference: exact, or within a few roundings of what is expected.
private func isClose(_ left: Double?, _ right: Double?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return abs(left - right) <= 1e-9 * max(abs(left), abs(right))
}

extension [Batch] {
    /// The columns of all batches together.
    fileprivate func joined() throws -> [Column] {
        try (self.first?.columns.indices ?? 0..<0).map { index in try Column.concatenated(map { $0.columns[index] }) }
    }
}

@Suite struct AggregateOperatorTests {
    private func isSame(_ left: [Batch], _ right: [Batch]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0.columns == $1.columns }
    }

    @Test(arguments: [[], ["carrier"], ["month"], ["carrier", "month"], ["delay", "carrier"]])
    func resultsDoNotDependOnBatchBorders(_ keys: [String]) throws {
        var maker = RowMaker(state: 1)
        let grouping = try Grouping.all(keys: keys)
        let rows = try maker.batch(5_000)
        for phase in [AggregatePhase.complete, .partial] {
            let whole = try grouping.run(phase, [rows])
            for _ in 0..<4 { #expect(isSame(try grouping.run(phase, maker.cut(rows)), whole)) }
            if phase == .partial {
                let merged = try grouping.run(.finish, whole)
                #expect(isSame(merged, try grouping.run(.complete, [rows])), "one state finishes as its rows do")
                let pieces = whole.flatMap { maker.cut($0) }
                #expect(isSame(try grouping.run(.finish, pieces), merged))
            }
        }
    }

    @Test func groupsHaveTheValuesOfTheirRows() throws {
        var maker = RowMaker(state: 2)
        let rows = try maker.batch(4_000)
        let carriers = try #require(String.values(of: rows.column("carrier")))
        let months = try #require(Int64.values(of: rows.column("month")))
        let delays = try #require(Double.values(of: rows.column("delay")))
        let distances = try #require(Int64.values(of: rows.column("distance")))
        let prices = try rows.column("price").unscaledDecimals()
        struct Key: Hashable {
            let carrier: String?
            let month: Int64?
        }
        var order: [Key] = []
        var members: [Key: [Int]] = [:]
        for row in 0..<4_000 {
            let key = Key(carrier: carriers[row], month: months[row])
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(row)
        }
        let parts = maker.cut(rows)
        let grouping = try Grouping.all(keys: ["carrier", "month"])
        let states = try parts.flatMap { try grouping.run(.partial, [$0]) }
        let results = [
            try grouping.run(.complete, parts), try grouping.run(.finish, states),
            try grouping.run(.finish, try grouping.run(.merge, states)),
        ]
        for result in results {
            let result = try #require(result.count == 1 ? result[0] : nil)
            #expect(String.values(of: result.columns[0]) == order.map(\.carrier))
            #expect(Int64.values(of: result.columns[1]) == order.map(\.month))
            let counts = try result.column("count()")
            #expect(Int64.values(of: counts) == order.map { Int64(members[$0]?.count ?? 0) })
            let delayMean = try #require(Double.values(of: result.column("mean(delay)")))
            let deviation = try #require(Double.values(of: result.column("standardDeviation(deltaDegrees: 0)(delay)")))
            let spread = try #require(Double.values(of: result.column("variance(deltaDegrees: 1)(distance)")))
            let distanceSum = try #require(Int64.values(of: result.column("sum(distance)")))
            let priceSum = try result.column("sum(price)").unscaledDecimals()
            let least = try #require(Double.values(of: result.column("min(delay)")))
            for (group, key) in order.enumerated() {
                let rows = members[key] ?? []
                let present = rows.compactMap { delays[$0] }
                let mean = present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
                #expect(isClose(delayMean[group], mean))
                let squares = present.map { ($0 - (mean ?? 0)) * ($0 - (mean ?? 0)) }.reduce(0, +)
                #expect(isClose(deviation[group], mean.map { _ in (squares / Double(present.count)).squareRoot() }))
                #expect(least[group] == present.min())
                let whole = rows.compactMap { distances[$0] }
                #expect(distanceSum[group] == whole.reduce(0, +))
                let average = Double(whole.reduce(0, +)) / Double(whole.count)
                let variance = whole.map { (Double($0) - average) * (Double($0) - average) }.reduce(0, +)
                #expect(isClose(spread[group], whole.count < 2 ? nil : variance / Double(whole.count - 1)))
                let amounts = rows.compactMap { prices[$0] }
                #expect(priceSum[group] == (amounts.isEmpty ? nil : amounts.reduce(0, +)))
            }
        }
    }

    @Test func partialsOfPartitionsMergeInOrder() throws {
        var maker = RowMaker(state: 3)
        let parts = try (0..<9).map { _ in try maker.batch(1_000 + maker.below(1_000)) }
        for keys in [[], ["carrier"]] {
            let grouping = try Grouping.all(keys: keys)
            let states = try parts.map { try grouping.run(.partial, [$0]) }
            let flat = try grouping.run(.finish, states.flatMap(\.self))
            #expect(isSame(try grouping.run(.finish, states.flatMap(\.self).flatMap { maker.cut($0) }), flat))
            // Sums of states are sequential in input order, whatever was merged before.
            let sums = try states.map { state in try state[0].column("sum(delay).0") }
            let expected = sums.compactMap { Double.values(of: $0)?[0] }.reduce(0, +)
            if keys.isEmpty { #expect(Double.values(of: try flat[0].column("sum(delay)")) == [expected]) }
            // Exact aggregates do not depend on the shape of the tree either.
            let pairs = stride(from: 0, to: states.count, by: 2).map { Array(states[$0..<min($0 + 2, states.count)]) }
            let merged = try pairs.flatMap { try grouping.run(.merge, $0.flatMap(\.self)) }
            let tree = try grouping.run(.finish, merged)
            for name in [
                "count()", "sum(distance)", "mean(price)", "max(carrier)", "variance(deltaDegrees: 1)(distance)",
            ] {
                #expect(try tree[0].column(name) == flat[0].column(name), "\(name)")
            }
        }
    }

    /// Rows that hardly repeat among the first 131,072 are passed on as they are; what comes out behind the exchange is the
    /// same, in the same order, wherever batches end.
    @Test(arguments: [131_071, 131_072, 131_073, 200_000], [1, 3])
    func rowsThatHardlyRepeatArePassedOn(_ count: Int, _ repeats: Int) throws {
        var maker = RowMaker(state: 5)
        let order = (0..<count).map { Int64(($0 / repeats) * 7_919 % 1_000_003) }
        let months = order.map { $0 % 1_009 == 0 ? nil : $0 }
        let delays = (0..<count).map { $0 % 13 == 0 ? nil : Double($0 % 1_000) / 8 }
        let rows = try Batch([
            "carrier": Column((0..<count).map { "carrier \($0 % 7)" }), "month": Column(months),
            "delay": Column(delays), "distance": Column(order),
            "price": Column(decimals: (0..<count).map { Int128($0 % 977) }, precision: 15, scale: 2),
        ])
        let grouping = try Grouping.passable(keys: ["month", "distance"])
        let partial = try grouping.run(.partial, [rows])
        let stateCount = partial.reduce(0) { $0 + $1.rowCount }
        let isPassed = count >= 131_072 && repeats == 1
        #expect(stateCount == (isPassed ? count : Set(order).count))
        #expect(try grouping.run(.partial, maker.cut(rows)).joined() == partial.joined())
        let finished = try grouping.run(.finish, partial)
        #expect(isSame(finished, try grouping.run(.complete, [rows])))
    }

    /// Partitions decide for themselves, so that rows and states meet in any order, and merge to the same.
    @Test func passedRowsAndStatesMeet() throws {
        var grouping = try Grouping.passable(keys: ["distance"])
        // Sums of floats depend on what was merged.
        grouping.aggregates.removeAll { $0.argument?.type == .float64 && $0.function != .min && $0.function != .max }
        var maker = RowMaker(state: 7)
        let count = 140_000
        let keys = (0..<count).map { Int64($0 * 7_919 % 1_000_003) }
        let months: [Int64?] = keys.map { $0 % 5 == 0 ? nil : $0 % 12 }
        let delays: [Double?] = keys.map { $0 % 13 == 0 ? nil : Double($0) / 8 }
        let many = try Batch([
            "carrier": Column(keys.map { "carrier \($0 % 7)" }), "month": Column(months), "delay": Column(delays),
            "distance": Column(keys),
            "price": Column(decimals: (0..<count).map { Int128($0 % 977) }, precision: 15, scale: 2),
        ])
        let few = try maker.batch(3_000)
        for order in [[many, few], [few, many], [many, few, many], [many, many]] {
            let parts = try order.flatMap { try grouping.run(.partial, [$0]) }
            #expect(parts.contains { $0.schema == grouping.aggregation(.partial).rowSchema })
            #expect(isSame(try grouping.run(.finish, parts), try grouping.run(.complete, order)))
        }
    }

    @Test func theStrategyIsTold() throws {
        var maker = RowMaker(state: 6)
        let rows = try maker.batch(3_000)
        for (keys, words) in [([], "one group"), (["carrier"], "7 values"), (["month", "carrier"], "dense array of")] {
            let grouping = try Grouping.all(keys: keys)
            let running = try AggregateOperator(
                grouping.aggregation(.complete), input: MorselSource(schema: Grouping.input, batches: [rows]),
                cancellation: CancellationFlag())
            while try running.next() != nil {}
            #expect(running.strategy.contains(words), "\(running.strategy)")
        }
    }

    @Test func noRows() throws {
        let total = try Grouping.all(keys: [])
        let empty = try RowMaker(state: 4).emptyBatch()
        for batches in [[], [empty]] {
            for rows in [
                try total.run(.complete, batches), try total.run(.finish, total.run(.partial, batches)),
                try total.run(.finish, []),
            ] {
                #expect(rows.count == 1 && rows[0].rowCount == 1)
                for (field, column) in zip(rows[0].schema.fields, rows[0].columns) {
                    let isCount = field.name.hasPrefix("count") || field.name.hasPrefix("sumOrZero")
                    #expect(column.isNull(at: 0) == !isCount, "\(field.name)")
                }
            }
            let grouping = try Grouping.all(keys: ["carrier"])
            #expect(try grouping.run(.complete, batches).isEmpty)
            #expect(try grouping.run(.partial, batches).isEmpty)
            #expect(try grouping.run(.finish, []).isEmpty)
        }
    }

    @Test func manyGroupsComeInMorsels() throws {
        let count = 40_000
        let keys = Column((0..<count).map { Int64($0 * 7_919 % 1_000_003) })
        let schema = Schema([Field("key", .int64)])
        let key = BoundExpression(.column(0), type: .int64, isNullable: false, text: "key")
        let sum = BoundAggregate(function: .sum, argument: key, type: .int64, text: "sum(key)")
        let aggregation = Aggregation(
            phase: .complete, keys: [key], aggregates: [sum],
            schema: Schema([Field("key", .int64), Field("sum(key)", .int64)]))
        let rows = Batch(unchecked: schema, columns: [keys], rowCount: count)
        let grouping = try AggregateOperator(
            aggregation, input: MorselSource(schema: schema, batches: [rows, rows]), cancellation: CancellationFlag())
        var start = 0
        while let batch = try grouping.next() {
            #expect(batch.rowCount == min(Morsel.rowLimit, count - start))
            #expect(batch.columns[0] == keys.slice(start..<start + batch.rowCount))
            let sums = try #require(Int64.values(of: batch.columns[1]))
            let own = try #require(Int64.values(of: batch.columns[0]))
            #expect(zip(sums, own).allSatisfy { $0 == 2 * ($1 ?? 0) })
            start += batch.rowCount
        }
        #expect(start == count)
    }

    @Test func distinctRowsAreKeysWithoutAggregates() throws {
        var maker = RowMaker(state: 5)
        let rows = try maker.batch(2_000)
        let grouping = Grouping(keys: [try Grouping.column("month")], aggregates: [])
        let result = try grouping.run(.complete, maker.cut(rows))
        let months = try #require(Int64.values(of: rows.column("month")))
        var seen: [Int64?] = []
        for month in months where !seen.contains(month) { seen.append(month) }
        #expect(Int64.values(of: result[0].columns[0]) == seen)
    }

    /// More different keys than a partition's grouping is worth, with nulls before and behind the rows that decide that.
    @Test(arguments: [0, 100_000]) func passedKeysHaveFewNulls(firstNull: Int) throws {
        let schema = Schema([Field("key", .int64)])
        let key = BoundExpression(.column(0), type: .int64, isNullable: true, text: "key")
        let values = (0..<200_000).map { $0 >= firstNull && $0 % 10 == 0 ? nil : Int64($0) }
        let rows = Batch(unchecked: schema, columns: [Column(values)], rowCount: values.count)
        let distinct = try PartialDistinctOperator(
            Aggregation(phase: .partial, keys: [key], aggregates: [], schema: schema),
            input: MorselSource(schema: schema, batches: [rows]), cancellation: CancellationFlag())
        var keys: [Int64?] = []
        while let batch = try distinct.next() { keys += try #require(Int64.values(of: batch.columns[0])) }
        #expect(keys.compactMap { $0 } == values.compactMap { $0 })
        let nulls = keys.count { $0 == nil }
        #expect(nulls >= 1 && nulls <= Morsel.rowLimit / 10 + 1)
    }

    @Test func overflowNamesTheAggregate() throws {
        let schema = Schema([Field("amount", .int64)])
        let amount = BoundExpression(.column(0), type: .int64, isNullable: false, text: "amount")
        let sum = BoundAggregate(function: .sum, argument: amount, type: .int64, text: "sum(amount)")
        for keys in [[], [amount]] {
            let aggregation = Aggregation(
                phase: .complete, keys: keys, aggregates: [sum],
                schema: Schema(keys.map { Field($0.text, $0.type) } + [Field("sum(amount)", .int64)]))
            let rows = Batch(unchecked: schema, columns: [Column([Int64.max, .max])], rowCount: 2)
            let grouping = try AggregateOperator(
                aggregation, input: MorselSource(schema: schema, batches: [rows]), cancellation: CancellationFlag())
            let error = #expect(throws: StoaError.self) { _ = try grouping.next() }
            #expect(error?.code == .overflow && error?.location.column == "sum(amount)")
        }
    }

    @Test func cancellationStopsTheOutput() throws {
        let grouping = try Grouping.all(keys: ["carrier"])
        var maker = RowMaker(state: 6)
        let flag = CancellationFlag()
        let source = try AggregateOperator(
            grouping.aggregation(.complete),
            input: MorselSource(schema: Grouping.input, batches: [try maker.batch(10)]), cancellation: flag)
        flag.cancel()
        let error = #expect(throws: StoaError.self) { _ = try source.next() }
        #expect(error?.code == .cancelled)
    }
}

extension RowMaker {
    fileprivate func emptyBatch() throws -> Batch {
        var maker = self
        return try maker.batch(0)
    }
}
