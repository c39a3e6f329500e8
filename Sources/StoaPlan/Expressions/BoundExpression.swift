import StoaColumns

/// An expression after analysis: columns by index, every node typed, every implicit conversion an explicit cast. This is
/// what executors run.
///
/// Operand types are equal on both sides of arithmetic, comparison and wrapping operators, with one exception: decimal
/// `multiply` keeps its operands' own scales. Logic takes booleans. Functions of floats take float64.
public struct BoundExpression: Hashable, Codable, Sendable {
    /// What is computed.
    public indirect enum Node: Hashable, Codable, Sendable {
        /// The column at an index of the input's schema.
        case column(Int)
        /// A constant that fits `type` exactly, or null.
        case literal(Literal)
        case unary(UnaryOperator, BoundExpression)
        case binary(BinaryOperator, BoundExpression, BoundExpression)
        case function(ScalarFunction, [BoundExpression])
        /// Conversion to `type`.
        case cast(BoundExpression, onFailure: CastFailure)
        case conditional([Branch], otherwise: BoundExpression?)
        case isIn(BoundExpression, [Literal])
    }

    /// One condition and its value.
    public struct Branch: Hashable, Codable, Sendable {
        /// A boolean; null counts as false.
        public let condition: BoundExpression
        /// The value where the condition is true, of the node's type.
        public let value: BoundExpression

        /// A branch.
        public init(condition: BoundExpression, value: BoundExpression) {
            self.condition = condition
            self.value = value
        }
    }

    /// What is computed.
    public let node: Node
    /// The type of the result.
    public let type: DataType
    /// Whether the result can be null.
    public let isNullable: Bool
    /// The expression as the user wrote it, for errors that name the column.
    public let text: String

    /// A typed node.
    public init(_ node: Node, type: DataType, isNullable: Bool, text: String) {
        self.node = node
        self.type = type
        self.isNullable = isNullable
        self.text = text
    }
}

/// An aggregate after analysis.
public struct BoundAggregate: Hashable, Codable, Sendable {
    /// Which function; `countDistinct` does not occur here, the planner rewrites it into two aggregations.
    public let function: AggregateFunction
    /// The arguments over the aggregate's input: none for `countRows`, two of one type for `covariance` and `correlation`.
    public let arguments: [BoundExpression]
    /// Type of the finished value.
    public let type: DataType
    /// The aggregate as the user wrote it, for errors.
    public let text: String

    /// A typed aggregate.
    public init(function: AggregateFunction, arguments: [BoundExpression], type: DataType, text: String) {
        self.function = function
        self.arguments = arguments
        self.type = type
        self.text = text
    }

    /// A typed aggregate of at most one argument.
    public init(function: AggregateFunction, argument: BoundExpression?, type: DataType, text: String) {
        self.init(function: function, arguments: argument.map { [$0] } ?? [], type: type, text: text)
    }

    /// The first argument; nil for `countRows`.
    public var argument: BoundExpression? { arguments.first }

    /// The columns in which the unfinished state of this aggregate travels, the fixed layout of its partial.
    ///
    /// count: n int64. sum over integers and booleans: sum decimal(38, 0), n int64. sum over floats: sum float64, n int64.
    /// sum over decimals up to 18 digits: sum decimal(38, s), n int64; above: the scaled sum in two parts, div 2^64 as
    /// decimal(38, 0) and mod 2^64 as uint64, and n int64. mean: as sum. min, max: value (null when there is none).
    /// variance and deviation over integers and booleans: n int64, sum decimal(38, 0), sum of squares div 2^64 decimal(38, 0)
    /// and mod 2^64 uint64, all exact; over floats and decimals: n int64, mean float64, m2 float64 (Chan's merge).
    /// covariance and correlation over integers: n int64, then decimal(38, 0) the sums of x, y, x x, y y and x y, all exact;
    /// over floats: n int64, then float64 the means of x and y and the centred sums of x x, y y and x y. quantile: the value;
    /// it does not merge, so plans bring a group's rows into one task.
    public var stateTypes: [DataType] {
        let wide = DataType.decimal(precision: DataType.maximumDecimalPrecision, scale: 0)
        switch function {
        case .countRows, .count, .countDistinct: return [.int64]
        case .sum, .sumOrZero, .mean:
            switch argument?.type {
            case .float32, .float64: return [.float64, .int64]
            case .decimal(let precision, let scale):
                if precision > DataType.maximumNarrowDecimalPrecision { return [wide, .uint64, .int64] }
                return [.decimal(precision: DataType.maximumDecimalPrecision, scale: scale), .int64]
            default: return [wide, .int64]
            }
        case .min, .max: return [type]
        case .variance, .standardDeviation:
            if let type = argument?.type, type.isFloat || type.isDecimal { return [.int64, .float64, .float64] }
            return [.int64, wide, wide, .uint64]
        case .covariance, .correlation:
            return [.int64] + Array(repeating: argument?.type.isFloat == true ? .float64 : wide, count: 5)
        case .quantile: return [type]
        }
    }
}

/// One key of a sort after analysis.
public struct BoundSortKey: Hashable, Codable, Sendable {
    /// What is compared.
    public let expression: BoundExpression
    /// Largest first.
    public let isDescending: Bool
    /// Nulls before all values.
    public let nullsFirst: Bool

    /// A typed key.
    public init(_ expression: BoundExpression, isDescending: Bool, nullsFirst: Bool) {
        self.expression = expression
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}
