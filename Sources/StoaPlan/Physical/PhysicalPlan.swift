import StoaColumns

/// The operators that one task runs over its partition, between two exchanges. The leaves are the task's inputs, by number.
public indirect enum PhysicalPlan: Hashable, Codable, Sendable {
    /// Batches of the task's input of that number.
    case input(Int, Schema)
    /// The rows for which the condition is true.
    case filter(BoundExpression, PhysicalPlan)
    /// One column an expression; the schema names them.
    case project([BoundExpression], Schema, PhysicalPlan)
    /// Groups.
    case aggregate(Aggregation, PhysicalPlan)
    /// The first rows of each group.
    case topRows(TopRows, PhysicalPlan)
    /// Pairs of rows with equal keys.
    case join(HashJoin, build: PhysicalPlan, probe: PhysicalPlan)
    /// The rows in order, stable; only the first `limit` when given.
    case sort([BoundSortKey], limit: Int?, PhysicalPlan)
    /// One sorted sequence from an input whose blocks are sorted; equal rows come in block order. The plan below is an `input`.
    case mergeSorted([BoundSortKey], limit: Int?, PhysicalPlan)
    /// At most `count` rows after `skip` rows, in input order.
    case limit(skip: Int, count: Int, PhysicalPlan)
    /// Every batch through a function of the user, whose results have this schema.
    case map(UserFunction, Schema, PhysicalPlan)
    /// The state of a user's aggregate: from batches in phase `partial`, from states in the others. Its block holds a state,
    /// not batches.
    case userAggregate(UserFunction, AggregatePhase, PhysicalPlan)

    /// Names and types of the rows this plan gives; empty for a user's aggregate.
    public var schema: Schema {
        switch self {
        case .input(_, let schema), .project(_, let schema, _), .map(_, let schema, _): schema
        case .filter(_, let input), .topRows(_, let input), .sort(_, _, let input), .mergeSorted(_, _, let input),
            .limit(_, _, let input):
            input.schema
        case .aggregate(let aggregation, _): aggregation.schema
        case .join(let join, _, _): join.schema
        case .userAggregate: Schema()
        }
    }
}

extension PhysicalPlan {
    /// The functions of the user that the plan calls.
    package var userFunctions: [UserFunction] {
        switch self {
        case .input: []
        case .map(let function, _, let input), .userAggregate(let function, _, let input):
            input.userFunctions + [function]
        case .join(_, let build, let probe): build.userFunctions + probe.userFunctions
        case .filter(_, let input), .project(_, _, let input), .aggregate(_, let input), .topRows(_, let input),
            .sort(_, _, let input), .mergeSorted(_, _, let input), .limit(_, _, let input):
            input.userFunctions
        }
    }
}

/// How far an aggregation goes.
public enum AggregatePhase: String, Hashable, Codable, Sendable {
    /// Rows to states.
    case partial
    /// States to fewer states.
    case merge
    /// States to values.
    case finish
    /// Rows to values, when one partition holds all rows.
    case complete

    /// Whether the input holds states.
    public var readsStates: Bool { self == .merge || self == .finish }

    /// Whether the output holds states.
    public var givesStates: Bool { self == .partial || self == .merge }
}

/// A grouping. State rows are the keys, then each aggregate's `stateTypes`, in order; groups come in the order of their
/// first row, merged states in input order. Without keys there is exactly one output row, also for no input.
public struct Aggregation: Hashable, Codable, Sendable {
    /// Which part of the work.
    public let phase: AggregatePhase
    /// Over the input rows in phases that read rows; in the others the first `keys.count` input columns are the keys.
    public let keys: [BoundExpression]
    /// Arguments over the input rows; only their functions and types count in phases that read states.
    public let aggregates: [BoundAggregate]
    /// Of the output.
    public let schema: Schema

    /// A grouping.
    public init(phase: AggregatePhase, keys: [BoundExpression], aggregates: [BoundAggregate], schema: Schema) {
        self.phase = phase
        self.keys = keys
        self.aggregates = aggregates
        self.schema = schema
    }
}

/// A hash join. Output rows come in probe order, partners of one probe row in build order.
public struct HashJoin: Hashable, Codable, Sendable {
    /// A side of the join as the user wrote it.
    public enum Side: String, Hashable, Codable, Sendable { case left, right }

    /// A column of the result.
    public struct OutputColumn: Hashable, Codable, Sendable {
        /// The side it comes from.
        public let side: Side
        /// Its index there.
        public let index: Int

        /// A column of one side.
        public init(side: Side, index: Int) {
            self.side = side
            self.index = index
        }
    }

    /// Inner, or left; a left join builds on the right side.
    public let kind: JoinKind
    /// The side the hash table is built from.
    public let buildSide: Side
    /// Over the build side's columns, of the probe keys' types.
    public let buildKeys: [BoundExpression]
    /// Over the probe side's columns.
    public let probeKeys: [BoundExpression]
    /// The result's columns.
    public let output: [OutputColumn]
    /// The result's schema.
    public let schema: Schema
    /// Set when every task of the stage builds from the same rows, so that an executor may build once for all of them.
    public let isBroadcast: Bool

    /// A join.
    public init(
        kind: JoinKind, buildSide: Side, buildKeys: [BoundExpression], probeKeys: [BoundExpression],
        output: [OutputColumn], schema: Schema, isBroadcast: Bool
    ) {
        self.kind = kind
        self.buildSide = buildSide
        self.buildKeys = buildKeys
        self.probeKeys = probeKeys
        self.output = output
        self.schema = schema
        self.isBroadcast = isBroadcast
    }
}
