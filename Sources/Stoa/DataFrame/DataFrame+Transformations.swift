import StoaColumns
import StoaPlan
import StoaTasks

extension DataFrame {
    /// Exactly these columns, in this order.
    public func select(_ columns: any ColumnSelection...) -> DataFrame {
        select(columns)
    }

    /// Exactly these columns, in this order.
    public func select(_ columns: [any ColumnSelection]) -> DataFrame {
        transformed { .select(columns.map(\.selectedExpression), $0) }
    }

    /// The rows for which the condition is true; null counts as false.
    public func filter(_ condition: Expression) -> DataFrame {
        transformed { .filter(condition, $0) }
    }

    /// All columns and one more, or one replaced when the name exists.
    public func withColumn(_ name: String, _ value: Expression) -> DataFrame {
        withColumns(.alias(value, name))
    }

    /// All columns and these, by their aliases; existing names are replaced. All see the columns as they were before.
    public func withColumns(_ values: Expression...) -> DataFrame {
        transformed { .withColumns(values, $0) }
    }

    /// All columns but these.
    public func drop(_ names: String...) -> DataFrame {
        transformed { .drop(names, $0) }
    }

    /// The same columns, one of them under a new name.
    public func rename(_ from: String, to: String) -> DataFrame {
        transformed { .rename([Renaming(from: from, to: to)], $0) }
    }

    /// The rows in order; nulls come last unless a key says otherwise, NaN after all numbers; equal rows keep their order.
    public func sort(_ keys: any SortOrder...) -> DataFrame {
        sort(keys)
    }

    /// The rows in order of these keys, the first one first.
    public func sort(_ keys: [any SortOrder]) -> DataFrame {
        transformed { .sort(keys.map(\.sortKey), $0) }
    }

    /// At most `count` rows, the first ones after `skip`.
    ///
    /// The action throws `invalidArgument` when a number is negative.
    public func limit(_ count: Int, skip: Int = 0) -> DataFrame {
        guard count >= 0, skip >= 0 else {
            let error = StoaError(
                .invalidArgument, "limit(\(count), skip: \(skip)) has a negative number",
                advice: "give numbers from 0 on")
            return DataFrame(session: session, lineage: lineage.flatMap { _ in .failure(error) }, handles: handles)
        }
        return transformed { .limit(skip: skip, count: count, $0) }
    }

    /// Each different row once; nulls equal nulls, NaN equals NaN, -0.0 equals 0.0.
    public func distinct() -> DataFrame {
        transformed { .distinct($0) }
    }

    /// The rows of all data frames, one after the other. Columns go by position; names come from the first.
    public func union(_ others: DataFrame...) -> DataFrame {
        combined(with: others) { .union($0) }
    }

    /// Pairs of rows whose columns of these names are equal on both sides; the result has them once.
    ///
    /// Null keys join nothing. Rows come in the order of the larger, probed side (of the left side in a left join).
    public func join(_ other: DataFrame, on names: String..., kind: JoinKind = .inner) -> DataFrame {
        join(other, on: names.map { JoinKey($0) }, kind: kind)
    }

    /// Pairs of rows whose keys are equal.
    public func join(_ other: DataFrame, on keys: [JoinKey], kind: JoinKind = .inner) -> DataFrame {
        combined(with: [other]) { .join(kind, keys: keys, left: $0[0], right: $0[1]) }
    }

    /// Groups of rows with equal keys, for `agg`. Null is a key of its own.
    public func groupBy(_ keys: any ColumnSelection...) -> GroupedDataFrame {
        groupBy(keys)
    }

    /// Groups of rows with equal keys, for `agg`.
    public func groupBy(_ keys: [any ColumnSelection]) -> GroupedDataFrame {
        GroupedDataFrame(frame: self, keys: keys.map(\.selectedExpression))
    }

    /// One row: these aggregates of all rows.
    public func agg(_ aggregates: Expression...) -> DataFrame {
        agg(aggregates)
    }

    /// One row: these aggregates of all rows.
    public func agg(_ aggregates: [Expression]) -> DataFrame {
        transformed { .aggregate(keys: [], aggregates: aggregates, $0) }
    }

    /// Every batch through a function of the user, on the executors.
    public func mapBatches(_ function: some BatchFunction) -> DataFrame {
        let lineage: Result<LogicalPlan, StoaError>
        var handles = handles
        do {
            let plan = try plan()
            let output: Schema
            do {
                output = try function.outputSchema(for: try schema)
            } catch let error as StoaError {
                throw error
            } catch {
                throw StoaError(.invalidArgument, "\(type(of: function)).outputSchema failed: \(error)")
            }
            let encoded = try BroadcastUse.collecting { () throws(StoaError) in try UserFunction(encoding: function) }
            // The function travels as it is encoded: nobody but the data frame keeps the values that it reads.
            handles += encoded.handles
            lineage = .success(.map(encoded.value, output, plan))
        } catch let error as StoaError {
            lineage = .failure(error)
        } catch {
            lineage = .failure(StoaError(.engineFailed, source: .engine, "\(error)"))
        }
        return DataFrame(session: session, lineage: lineage, handles: handles)
    }
}

/// Rows in groups, waiting for their aggregates.
public struct GroupedDataFrame: Sendable {
    let frame: DataFrame
    let keys: [Expression]

    /// One row a group: the keys, then these aggregates. Groups come in an order that is the same in every run.
    public func agg(_ aggregates: Expression...) -> DataFrame {
        agg(aggregates)
    }

    /// One row a group: the keys, then these aggregates.
    public func agg(_ aggregates: [Expression]) -> DataFrame {
        frame.transformed { .aggregate(keys: keys, aggregates: aggregates, $0) }
    }

    /// Whole rows: of each group the first ones by these keys, at most `count`.
    ///
    /// `flights.groupBy("carrier").top(3, by: desc("delay"))`. Nulls come last unless a key says otherwise, NaN after all
    /// numbers, rows that tie in the order of the rows. Groups come in an order that is the same in every run, the rows of a
    /// group one after the other in the order of the keys. The action throws `invalidArgument` for a negative number.
    public func top(_ count: Int, by keys: any SortOrder...) -> DataFrame {
        top(count, by: keys)
    }

    /// Whole rows: of each group the first ones by these keys, at most `count`.
    public func top(_ count: Int, by order: [any SortOrder]) -> DataFrame {
        frame.transformed { .topRows(count: count, keys: keys, by: order.map(\.sortKey), $0) }
    }

    /// One row a group: the keys, then the number of rows, named `count`.
    public func count() -> DataFrame {
        agg(.alias(.aggregate(.countRows, []), "count"))
    }
}
