import Stoa
import StoaTestSupport

/// Builds random queries twice at once: as a data frame and as the SQL that means the same in DuckDB.
///
/// Where our rules (features N1-N21) and DuckDB's differ, the generator stays on common ground; each such place names the rule:
/// - N6, NaN in variance: DuckDB raises an error for NaN or infinities in `stddev`; we give NaN. Deviations go over `x`, `n`.
/// - N8, integer overflow: both raise errors; values are small so that queries have answers.
/// - N9, integer division by zero: DuckDB gives null, we raise an error; divisors are constants other than 0.
/// - N5, sign of zero in `min`/`max`: ours is defined, DuckDB's is not; the comparison takes -0.0 as 0.0.
/// - N11, float32 sums: both accumulate in float64.
/// - N12, order of float additions: the comparison allows a relative error of 1e-9.
struct QueryGenerator {
    /// A query in both forms.
    struct Query {
        let frame: DataFrame
        let sql: String
        /// Whether the order of the rows is part of the answer.
        let isOrdered: Bool
    }

    /// An expression in both forms.
    struct Term {
        let expression: Expression
        let sql: String
    }

    private var random: SplitMix64
    private let facts: DataFrame
    private let dimensions: DataFrame

    init(seed: UInt64, facts: DataFrame, dimensions: DataFrame) {
        random = SplitMix64(seed: seed)
        self.facts = facts
        self.dimensions = dimensions
    }

    mutating func next() -> Query {
        switch random.below(11) {
        case 10: topRows()
        case 0...1: projection()
        case 2...5: grouping()
        case 6: total()
        case 7...8: join()
        default: distinctOrUnion()
        }
    }

    // MARK: Terms

    private func column(_ name: String) -> Term { Term(expression: col(name), sql: name) }

    private mutating func integer(_ depth: Int) -> Term {
        switch depth == 0 ? random.below(2) : random.below(7) {
        case 0: return column("n")
        case 1:
            let value = random.below(200) - 100
            return Term(expression: lit(value), sql: "CAST(\(value) AS BIGINT)")
        case 2, 3:
            let (left, right) = (integer(depth - 1), integer(depth - 1))
            return random.chance(50)
                ? Term(expression: left.expression + right.expression, sql: "(\(left.sql) + \(right.sql))")
                : Term(expression: left.expression - right.expression, sql: "(\(left.sql) - \(right.sql))")
        case 4:
            let left = integer(depth - 1)
            let divisor = random.pick([-7, -2, 3, 5, 11])
            return random.chance(50)
                ? Term(expression: left.expression % lit(divisor), sql: "(\(left.sql) % CAST(\(divisor) AS BIGINT))")
                : Term(
                    expression: left.expression.quotient(lit(divisor)),
                    sql: "(\(left.sql) // CAST(\(divisor) AS BIGINT))")
        case 5:
            let (condition, then, otherwise) = (condition(depth - 1), integer(depth - 1), integer(depth - 1))
            return Term(
                expression: when(condition.expression, then: then.expression).otherwise(otherwise.expression),
                sql: "(CASE WHEN \(condition.sql) THEN \(then.sql) ELSE \(otherwise.sql) END)")
        default:
            let name = random.pick(["t", "u", "k"])
            return Term(expression: col(name).cast(to: .int64), sql: "CAST(\(name) AS BIGINT)")
        }
    }

    private mutating func float(_ depth: Int) -> Term {
        switch depth == 0 ? random.below(2) : random.below(7) {
        case 0: return column("x")
        case 1: return column("y")
        case 2:
            let (left, right) = (float(depth - 1), float(depth - 1))
            return random.chance(50)
                ? Term(expression: left.expression + right.expression, sql: "(\(left.sql) + \(right.sql))")
                : Term(expression: left.expression * right.expression, sql: "(\(left.sql) * \(right.sql))")
        case 3:
            let (left, right) = (float(depth - 1), float(depth - 1))
            return Term(expression: left.expression / right.expression, sql: "(\(left.sql) / \(right.sql))")
        case 4:
            let argument = float(depth - 1)
            return Term(expression: argument.expression.abs(), sql: "abs(\(argument.sql))")
        case 5:
            let argument = integer(depth - 1)
            return Term(expression: argument.expression / lit(4), sql: "(\(argument.sql) / CAST(4 AS DOUBLE))")
        default:
            let (first, second) = (float(depth - 1), float(depth - 1))
            return Term(
                expression: coalesce(first.expression, second.expression), sql: "coalesce(\(first.sql), \(second.sql))")
        }
    }

    private mutating func condition(_ depth: Int) -> Term {
        switch depth == 0 ? random.below(4) : random.below(8) {
        case 0:
            let (left, right) = (integer(max(0, depth - 1)), integer(max(0, depth - 1)))
            return comparison(left, right)
        case 1:
            let (left, right) = (float(max(0, depth - 1)), float(max(0, depth - 1)))
            return comparison(left, right)
        case 2:
            let word = random.pick(RandomTables.words)
            return comparison(column("s"), Term(expression: lit(word), sql: Self.quoted(word)))
        case 3: return column("b")
        case 4:
            let name = random.pick(["k", "n", "x", "s", "b", "y"])
            return random.chance(50)
                ? Term(expression: col(name).isNull, sql: "(\(name) IS NULL)")
                : Term(expression: col(name).isNotNull, sql: "(\(name) IS NOT NULL)")
        case 5:
            let operand = condition(depth - 1)
            return Term(expression: !operand.expression, sql: "(NOT \(operand.sql))")
        case 6:
            let (left, right) = (condition(depth - 1), condition(depth - 1))
            return Term(expression: left.expression && right.expression, sql: "(\(left.sql) AND \(right.sql))")
        default:
            let (left, right) = (condition(depth - 1), condition(depth - 1))
            return Term(expression: left.expression || right.expression, sql: "(\(left.sql) OR \(right.sql))")
        }
    }

    private mutating func comparison(_ left: Term, _ right: Term) -> Term {
        let (l, r) = (left.expression, right.expression)
        let choices: [(Expression, String)] = [
            (l == r, "="), (l != r, "<>"), (l < r, "<"), (l <= r, "<="), (l > r, ">"), (l >= r, ">="),
        ]
        let (expression, name) = random.pick(choices)
        return Term(expression: expression, sql: "(\(left.sql) \(name) \(right.sql))")
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    // MARK: Queries

    private mutating func filtered() -> (frame: DataFrame, sql: String) {
        guard random.chance(65) else { return (facts, "SELECT * FROM t") }
        let condition = condition(2)
        return (facts.filter(condition.expression), "SELECT * FROM t WHERE \(condition.sql)")
    }

    private mutating func projection() -> Query {
        let (frame, sql) = filtered()
        let (first, second, third) = (integer(2), float(2), condition(2))
        let selected = frame.select(
            col("id"), first.expression.as("i"), second.expression.as("d"), third.expression.as("c"), col("s"))
        let text = "SELECT id, \(first.sql) AS i, \(second.sql) AS d, \(third.sql) AS c, s FROM (\(sql))"
        guard random.chance(60) else { return Query(frame: selected, sql: text, isOrdered: false) }
        let key = random.pick(["i", "d", "c", "s"])
        let (isDescending, nullsFirst) = (random.chance(50), random.chance(50))
        var sorted = selected.sort(
            SortKey(col(key), isDescending: isDescending, nullsFirst: nullsFirst), SortKey(col("id")))
        var order = "ORDER BY \(key) \(isDescending ? "DESC" : "ASC") NULLS \(nullsFirst ? "FIRST" : "LAST"), id"
        if random.chance(50) {
            let (count, skip) = (random.below(60), random.below(20))
            sorted = sorted.limit(count, skip: skip)
            order += " LIMIT \(count) OFFSET \(skip)"
        }
        return Query(frame: sorted, sql: "\(text) \(order)", isOrdered: true)
    }

    private mutating func aggregates(_ count: Int) -> [Term] {
        (0..<count).map { number in
            let (expression, sql) = aggregate()
            return Term(expression: expression.as("a\(number)"), sql: "\(sql) AS a\(number)")
        }
    }

    private mutating func aggregate() -> (Expression, String) {
        switch random.below(18) {
        case 13:
            let name = random.pick(["n", "x", "f", "t"])
            return (median(name), "median(CAST(\(name) AS DOUBLE))")
        case 14: return quantile()
        case 15, 16: return relation()
        case 17:
            let (left, right) = (random.pick(["x", "f"]), random.pick(["x", "f"]))
            return (dot(left, right), "sum(CAST(\(left) * \(right) AS DOUBLE))")
        case 0: return (count(), "count(*)")
        case 1:
            let name = random.pick(["x", "s", "b", "k"])
            return (count(name), "count(\(name))")
        case 2:
            let term = integer(1)
            return (sum(term.expression), "CAST(sum(\(term.sql)) AS BIGINT)")
        case 3:
            let name = random.pick(["x", "y", "f"])
            return (sum(name), "sum(CAST(\(name) AS DOUBLE))")
        case 4:
            let term = integer(1)
            return (mean(term.expression), "avg(\(term.sql))")
        case 5:
            let name = random.pick(["x", "y", "f"])
            return (mean(name), "avg(CAST(\(name) AS DOUBLE))")
        case 6:
            let name = random.pick(["n", "x", "y", "s", "t", "f"])
            return (min(name), "min(\(name))")
        case 7:
            let name = random.pick(["n", "x", "y", "s", "u", "f"])
            return (max(name), "max(\(name))")
        case 8:
            let name = random.pick(["n", "x"])
            return (standardDeviation(name), "stddev_samp(\(name))")
        case 9:
            let name = random.pick(["n", "x"])
            return (variance(name, deltaDegrees: 0), "var_pop(\(name))")
        case 10:
            let name = random.pick(["k", "s", "n", "y"])
            return (countDistinct(name), "count(DISTINCT \(name))")
        case 11:
            let term = condition(1)
            return (mean(term.expression), "avg(CAST(\(term.sql) AS INTEGER))")
        default:
            return (sum("n") / count(), "CAST(sum(n) AS DOUBLE) / count(*)")
        }
    }

    private mutating func quantile() -> (Expression, String) {
        let share = random.pick([0, 0.1, 0.25, 0.5, 0.9, 1])
        if random.chance(50) {
            // Not y: engines differ on what lies between a number and an infinity.
            let name = random.pick(["n", "x", "u"])
            return (Stoa.quantile(name, share), "quantile_cont(CAST(\(name) AS DOUBLE), \(share))")
        }
        let name = random.pick(["n", "x", "y", "u"])
        return (Stoa.quantile(name, share, interpolation: .invertedCDF), "quantile_disc(\(name), \(share))")
    }

    /// Covariance or correlation; DuckDB gives NaN for the correlation of one pair.
    private mutating func relation() -> (Expression, String) {
        let (left, right) = (random.pick(["x", "k", "t", "n"]), random.pick(["f", "u", "n", "x"]))
        switch random.below(3) {
        case 0: return (covariance(left, right), "covar_samp(\(left), \(right))")
        case 1: return (covariance(left, right, deltaDegrees: 0), "covar_pop(\(left), \(right))")
        default:
            return (
                correlation(left, right),
                "CASE WHEN count(\(left) + \(right)) < 2 THEN NULL ELSE corr(\(left), \(right)) END"
            )
        }
    }

    /// The first rows of groups; `id` makes the order one.
    private mutating func topRows() -> Query {
        let (frame, sql) = filtered()
        let keys = random.pick([["k"], ["s"], ["b", "t"], ["y"], ["u"]])
        let name = random.pick(["x", "n", "y", "s", "f", "t"])
        let (isDescending, nullsFirst, count) = (random.chance(50), random.chance(30), 1 + random.below(4))
        let order = "\(name) \(isDescending ? "DESC" : "ASC") NULLS \(nullsFirst ? "FIRST" : "LAST")"
        let key = SortKey(col(name), isDescending: isDescending, nullsFirst: nullsFirst)
        return Query(
            frame: first(count, of: frame, keys: keys, by: random.chance(50) ? [key] : [key, SortKey(col("id"))]),
            sql: """
                SELECT id, k, s, x FROM (SELECT *, row_number() OVER (PARTITION BY \(keys.joined(separator: ", "))
                ORDER BY \(order), id) AS place FROM (\(sql))) WHERE place <= \(count)
                """, isOrdered: false)
    }

    private func first(_ count: Int, of frame: DataFrame, keys: [String], by order: [SortKey]) -> DataFrame {
        frame.groupBy(keys).top(count, by: order).select("id", "k", "s", "x")
    }

    private mutating func grouping() -> Query {
        let (frame, sql) = filtered()
        let keys = random.pick([["k"], ["s"], ["b"], ["y"], ["k", "s"], ["s", "b", "t"], ["n"], ["u", "k"]])
        let terms = aggregates(1 + random.below(4))
        let list = keys.joined(separator: ", ")
        var grouped = group(frame, keys: keys, terms: terms)
        var text = "SELECT \(list), \(terms.map(\.sql).joined(separator: ", ")) FROM (\(sql)) GROUP BY \(list)"
        guard random.chance(40) else { return Query(frame: grouped, sql: text, isOrdered: false) }
        grouped = sort(grouped, by: keys)
        text += " ORDER BY " + keys.map { "\($0) ASC NULLS LAST" }.joined(separator: ", ")
        return Query(frame: grouped, sql: text, isOrdered: true)
    }

    private func group(_ frame: DataFrame, keys: [String], terms: [Term]) -> DataFrame {
        frame.groupBy(keys).agg(terms.map(\.expression))
    }

    private func sort(_ frame: DataFrame, by keys: [String]) -> DataFrame {
        frame.sort(keys.map { SortKey(col($0)) })
    }

    private mutating func total() -> Query {
        let (frame, sql) = filtered()
        let terms = aggregates(1 + random.below(5))
        return Query(
            frame: frame.agg(terms.map(\.expression)),
            sql: "SELECT \(terms.map(\.sql).joined(separator: ", ")) FROM (\(sql))", isOrdered: false)
    }

    private mutating func join() -> Query {
        let (frame, sql) = filtered()
        let key = random.pick([["k"], ["s"], ["k", "s"]])
        let kind = random.pick([JoinKind.inner, .left])
        let right = key.count == 2 ? dimensions : dimensions.drop(key == ["k"] ? "s" : "k")
        let joined = frame.join(right, on: key.map { JoinKey($0) }, kind: kind)
        let text =
            "SELECT l.*, d.w, d.v FROM (\(sql)) l \(kind == .inner ? "JOIN" : "LEFT JOIN") d ON "
            + key.map { "l.\($0) = d.\($0)" }.joined(separator: " AND ")
        if random.chance(50) {
            return Query(
                frame: joined.groupBy("b").agg(count().as("c"), sum("w").as("w"), sum("v").as("v"), max("s").as("m")),
                sql: "SELECT b, count(*), CAST(sum(w) AS BIGINT), sum(v), max(s) FROM (\(text)) GROUP BY b",
                isOrdered: false)
        }
        let columns = ["id", "w", "v", "s", "x"]
        return Query(
            frame: joined.select(columns.map { $0 as any ColumnSelection }),
            sql: "SELECT \(columns.joined(separator: ", ")) FROM (\(text))", isOrdered: false)
    }

    private mutating func distinctOrUnion() -> Query {
        let (frame, sql) = filtered()
        let names = random.pick([["k"], ["s", "b"], ["y"], ["k", "t"], ["y", "s"]])
        let list = names.joined(separator: ", ")
        let selected = frame.select(names.map { $0 as any ColumnSelection })
        if random.chance(50) {
            return Query(frame: selected.distinct(), sql: "SELECT DISTINCT \(list) FROM (\(sql))", isOrdered: false)
        }
        let (other, otherSQL) = filtered()
        return Query(
            frame: selected.union(other.select(names.map { $0 as any ColumnSelection })),
            sql: "SELECT \(list) FROM (\(sql)) UNION ALL SELECT \(list) FROM (\(otherSQL))", isOrdered: false)
    }
}
