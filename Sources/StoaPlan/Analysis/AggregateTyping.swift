import StoaColumns

/// Which arguments an aggregate takes, in which types it works on them, and the type of what it gives.
struct AggregateTyping {
    let call: Expression
    let planNode: String

    /// The aggregate over these arguments, implicit conversions written out.
    func typed(_ function: AggregateFunction, _ arguments: [BoundExpression]) throws(StoaError) -> BoundAggregate {
        guard arguments.count == function.argumentCount else {
            let needed = ["no argument", "an argument", "two arguments"][function.argumentCount]
            throw invalid("'\(call)' takes \(needed) and has \(arguments.count)")
        }
        let converted = function.takesPair ? try pair(arguments) : arguments
        return BoundAggregate(
            function: function, arguments: converted, type: try type(of: function, converted.first),
            text: call.description)
    }

    private func type(of function: AggregateFunction, _ argument: BoundExpression?) throws(StoaError) -> DataType {
        switch function {
        case .variance(let delta), .standardDeviation(let delta), .covariance(let delta):
            if delta < 0 {
                throw invalid(
                    "deltaDegrees is \(delta) and cannot be negative", advice: "1 for a sample, 0 for all there is")
            }
        default: break
        }
        guard let argument else { return .int64 }
        let type = argument.type
        switch function {
        case .countRows, .count, .countDistinct: return .int64
        case .min, .max: return type
        case .quantile(let share, let interpolation):
            return try self.type(ofQuantile: share, interpolation, of: argument)
        default: try checkNumber(argument)
        }
        switch (function, type) {
        case (.sum, .decimal(_, let scale)), (.sumOrZero, .decimal(_, let scale)):
            return .decimal(precision: DataType.maximumDecimalPrecision, scale: scale)
        case (.sum, _), (.sumOrZero, _): return type.isFloat ? .float64 : type.isUnsignedInteger ? .uint64 : .int64
        case (.mean, .decimal(let precision, let scale)):
            let limit = DataType.maximumDecimalPrecision
            return .decimal(precision: Swift.min(limit, precision + 4), scale: Swift.min(limit, scale + 4))
        default: return .float64
        }
    }

    private func type(
        ofQuantile share: Double, _ interpolation: QuantileInterpolation, of argument: BoundExpression
    ) throws(StoaError) -> DataType {
        guard share >= 0, share <= 1 else {
            throw invalid(
                "the share in '\(call)' is \(share)", advice: "give a number from 0 to 1: 0.9 for the 90th percentile")
        }
        switch argument.type {
        case .date32, .timestamp:
            if !interpolation.givesFloat { return argument.type }
            throw mismatch(
                "'\(call)' would lie between two values, and \(argument.text) is \(argument.type)",
                advice: "take one of them, as with interpolation: .lower")
        case let type where type.isNumeric: return interpolation.givesFloat ? .float64 : type
        case let type:
            throw mismatch(
                "'\(call)' takes numbers, dates and timestamps, and \(argument.text) is \(type)",
                advice: "min, max and count take any type")
        }
    }

    /// Both arguments in one type: integers of at most 32 bits and booleans as int32, or int64 where uint32 needs it, whose
    /// products are summed exactly; all others as float64.
    private func pair(_ arguments: [BoundExpression]) throws(StoaError) -> [BoundExpression] {
        for argument in arguments { try checkNumber(argument) }
        let types = arguments.map(\.type)
        let common: DataType
        if types.allSatisfy({ Self.smallIntegers.contains($0) }) {
            common = types.contains(.uint32) ? .int64 : .int32
        } else {
            common = .float64
        }
        return arguments.map { ExpressionBinder.cast($0, to: common) }
    }

    private static let smallIntegers: [DataType] = [.bool, .int8, .int16, .int32, .uint8, .uint16, .uint32]

    private func checkNumber(_ argument: BoundExpression) throws(StoaError) {
        if argument.type.isNumeric || argument.type == .bool { return }
        throw mismatch(
            "'\(call)' takes numbers and \(argument.text) is \(argument.type)",
            advice: argument.type == .utf8
                ? "read the number with .cast(to: .float64)" : "min, max and count take any type")
    }

    private func invalid(_ message: String, advice: String = "") -> StoaError {
        StoaError(.invalidArgument, message, advice: advice, at: .init(planNode: planNode))
    }

    private func mismatch(_ message: String, advice: String) -> StoaError {
        StoaError(.typeMismatch, message, advice: advice, at: .init(planNode: planNode))
    }
}

extension AggregateFunction {
    /// How many arguments the function has.
    var argumentCount: Int { self == .countRows ? 0 : takesPair ? 2 : 1 }

    /// Whether it is about pairs of values.
    package var takesPair: Bool {
        switch self {
        case .covariance, .correlation: true
        default: false
        }
    }

    /// Whether all values of a group must be in one place before anything can be said about it: it has no state that merges.
    package var isHolistic: Bool { if case .quantile = self { true } else { false } }
}
