import StoaColumns
import StoaPlan

/// Plans of all operators over the columns a, b (int64), x (float64), s (utf8), k (int64, not null), and data for them.
struct RandomPlans {
    var numbers: RandomNumbers
    private var nextDataset = 100

    init(seed: UInt64) { numbers = RandomNumbers(seed: seed) }

    static let schema = Schema([
        Field("a", .int64), Field("b", .int64), Field("x", .float64), Field("s", .utf8),
        Field("k", .int64, isNullable: false),
    ])

    mutating func catalog() -> DataCatalog {
        var files: [String: [[[Value]]]] = [:]
        for path in ["one", "few", "huge"] {
            files[path] = (0..<(path == "one" ? 1 : Int.random(in: 2...7, using: &numbers))).map { _ in rows() }
        }
        return DataCatalog(
            schema: Self.schema, files: files, held: [DatasetID(1): [rows(), rows()], DatasetID(2): [rows()]])
    }

    private mutating func rows() -> [[Value]] {
        (0..<Int.random(in: 0...6, using: &numbers)).map { _ in
            let floats = [0, -0.0, 0.5, 1, -2, 3, .nan, .infinity]
            return [
                numbers.one(in: 5) ? .null : .int(Int64.random(in: -3...3, using: &numbers)),
                numbers.one(in: 3) ? .null : .int(Int64.random(in: 0...2, using: &numbers)),
                numbers.one(in: 5) ? .null : .number(numbers.pick(floats)),
                numbers.one(in: 4) ? .null : .text(numbers.pick(["", "u", "v", "w"])),
                .int(Int64.random(in: 0...3, using: &numbers)),
            ]
        }
    }

    /// A plan whose columns are those of `schema`.
    mutating func plan(depth: Int) -> LogicalPlan {
        if depth == 0 {
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: return .table(DatasetID(numbers.one(in: 2) ? 1 : 2), Self.schema)
            default: return .scan(FileScan(path: numbers.pick(["one", "few", "huge"])))
            }
        }
        let input = plan(depth: depth - 1)
        switch Int.random(in: 0..<13, using: &numbers) {
        case 0, 1: return .filter(condition(2), input)
        case 2:
            return .select(
                [integer(2).as("a"), col("b"), float(1).as("x"), col("s"), col("k")], input)
        case 3: return .withColumns([integer(2).as("b"), text().as("s")], input)
        case 4:
            return .rename(
                [Renaming(from: "a", to: "b"), Renaming(from: "b", to: "a")],
                .withColumns([condition(1).as("extra")], input)
            ).dropping("extra")
        case 5:
            // Sorted by everything, so that a limit has one answer.
            let keys = ["a", "s", "x", "b", "k"].map {
                SortKey(col($0), isDescending: numbers.one(in: 2), nullsFirst: numbers.one(in: 2))
            }
            let top = LogicalPlan.limit(
                skip: numbers.pick([0, 0, 1, 5]), count: numbers.pick([0, 1, 4, 20]), .sort(keys, input))
            return numbers.one(in: 2) ? top : .limit(skip: numbers.pick([0, 2]), count: numbers.pick([1, 3, 9]), top)
        case 6: return .distinct(input)
        case 12:
            let order = ["x", "a", "s", "b", "k"].map { SortKey(col($0), isDescending: numbers.one(in: 2)) }
            return .topRows(
                count: numbers.pick([0, 1, 2]), keys: numbers.pick([[col("s")], [col("k"), text()], []]), by: order,
                input)
        case 7: return .union([input, plan(depth: numbers.pick([0, depth - 1]))])
        case 8:
            let right = LogicalPlan.rename(
                ["a", "b", "x", "s"].map { Renaming(from: $0, to: "r\($0)") },
                plan(depth: numbers.pick([0, depth - 1])))
            let keys = numbers.pick([
                [JoinKey("k")], [JoinKey(left: col("a"), right: col("rb")), JoinKey("k")],
                [JoinKey(left: col("s"), right: col("rs")), JoinKey("k")],
            ])
            let join = LogicalPlan.join(numbers.pick(JoinKind.allCases), keys: keys, left: input, right: right)
            return .select(
                [col("a"), numbers.pick([col("rb"), col("b")]).as("b"), col("rx").as("x"), col("s"), col("k")],
                numbers.one(in: 2)
                    ? join
                    : .filter(
                        numbers.pick([
                            col("rs") == "u", col("a") > 0, col("k") != 1, lit(6).quotient(col("k")) > 1,
                            lit(6).quotient(col("k")) > 1,
                        ]), join))
        case 9, 10:
            let distinct = [countDistinct("s"), countDistinct(col("a") + 0), countDistinct("x")].map {
                numbers.one(in: 3) ? $0 : sum("a")
            }
            return .aggregate(
                keys: numbers.one(in: 4) ? [] : [numbers.pick([col("s"), text()]).as("s"), col("k")],
                aggregates: [
                    distinct[0].as("a"), (distinct[1] + count()).as("b"),
                    numbers.pick([
                        mean("b"), sum("b") / count(), max("b") * 0.5, quantile("x", 0.5, interpolation: .lower),
                    ]).as("x"),
                ], input
            )
            .normalized
        default:
            nextDataset += 1
            return .persist(DatasetID(nextDataset), input)
        }
    }

    private mutating func integer(_ depth: Int) -> Expression {
        if depth == 0 { return numbers.pick([col("a"), col("b"), col("k"), 1, 0]) }
        let (left, right) = (integer(depth - 1), integer(depth - 1))
        return numbers.pick([
            left + right, left * right, left - 1, left, right.quotient(left), when(left > 0, then: right).otherwise(2),
            coalesce(left, right), left.abs(), when(lit(true), then: left).otherwise(right),
        ])
    }

    private mutating func float(_ depth: Int) -> Expression {
        numbers.pick([col("x"), col("x") * 0.5, integer(depth) + 0.5, col("x").fillNull(2), -col("x")])
    }

    private mutating func text() -> Expression {
        numbers.pick([col("s"), col("s").fillNull("z"), when(col("a") > 0, then: col("s")).otherwise("neg")])
    }

    private mutating func condition(_ depth: Int) -> Expression {
        if depth > 0 {
            let (left, right) = (condition(depth - 1), condition(depth - 1))
            return numbers.pick([left && right, left || right, !left, left, left && true, right || false])
        }
        return numbers.pick([
            integer(1) > integer(0), col("x") <= float(0), text() == "u", col("a").isNull, col("s").isIn(["u", "z"]),
            col("k").isNotNull, col("x").isNaN, col("b").isSame(as: col("a")), lit(true), col("k") == 2,
        ])
    }
}

extension LogicalPlan {
    fileprivate func dropping(_ name: String) -> LogicalPlan { .drop([name], self) }

    /// The columns of a grouping as those of the schema.
    fileprivate var normalized: LogicalPlan {
        guard case .aggregate(let keys, _, _) = self else { return self }
        return .select(
            [
                col("a"), col("b"), col("x"), keys.isEmpty ? lit("all").as("s") : col("s"),
                keys.isEmpty ? lit(1).as("k") : col("k"),
            ], self)
    }
}
