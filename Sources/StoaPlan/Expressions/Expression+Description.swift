import StoaColumns

extension Expression: CustomStringConvertible {
    /// The expression as one would write it, columns by their bare names, with no more parentheses than needed:
    /// `(a + b) * 2 > 3 && c.isNull`. Errors, plans and the names of unnamed results print this.
    public var description: String { text(within: .none) }

    /// The name of the result when the expression is an output column: its alias, the column's own name, `count` for the
    /// number of rows, the printed expression for anything else.
    public var outputName: String {
        switch self {
        case .alias(_, let name), .column(let name): name
        case .aggregate(.countRows, _): "count"
        default: description
        }
    }

    /// How tightly an expression holds its operands, as in Swift.
    private enum Precedence: Int, Comparable {
        case none, disjunction, conjunction, comparison, addition, multiplication, prefix, postfix

        static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }

        var tighter: Precedence { Precedence(rawValue: rawValue + 1) ?? .postfix }
    }

    private func text(within outer: Precedence) -> String {
        let (text, precedence) = written
        return precedence < outer ? "(\(text))" : text
    }

    private var written: (String, Precedence) {
        switch self {
        case .column(let name): return (Self.quoted(column: name), .postfix)
        case .literal(let literal):
            let text = literal.description
            return (text, text.hasPrefix("-") ? .prefix : .postfix)
        case .unary(let unary, let operand):
            switch unary {
            case .negate: return ("-" + operand.text(within: .postfix), .prefix)
            case .not: return ("!" + operand.text(within: .postfix), .prefix)
            case .isNull, .isNotNull, .isNaN: return ("\(operand.text(within: .postfix)).\(unary.rawValue)", .postfix)
            }
        case .binary(let binary, let left, let right):
            guard let (symbol, precedence) = Self.spelling(of: binary) else {
                let name = binary == .quotient ? "quotient(" : "isSame(as: "
                return ("\(left.text(within: .postfix)).\(name)\(right))", .postfix)
            }
            // Comparisons do not chain; the other operators group to the left.
            let leftOuter = precedence == .comparison ? precedence.tighter : precedence
            return (
                "\(left.text(within: leftOuter)) \(symbol) \(right.text(within: precedence.tighter))", precedence
            )
        case .function(let function, let arguments):
            switch function {
            case .coalesce, .least, .greatest, .concatenate, .atan2, .hypot:
                return ("\(function.rawValue)(\(Self.list(arguments)))", .postfix)
            case .isFinite: return ("\(arguments[0].text(within: .postfix)).isFinite", .postfix)
            default:
                let rest = Self.list(arguments.dropFirst())
                return ("\(arguments[0].text(within: .postfix)).\(function.rawValue)(\(rest))", .postfix)
            }
        case .cast(let operand, let type, let onFailure):
            let name = onFailure == .error ? "cast" : "tryCast"
            return ("\(operand.text(within: .postfix)).\(name)(to: .\(type.spelling))", .postfix)
        case .conditional(let branches, let otherwise):
            let parts = branches.map { "when(\($0.condition), then: \($0.value))" }
            return (
                parts.joined(separator: ".") + (otherwise.map { ".otherwise(\($0))" } ?? ".otherwiseNull"), .postfix
            )
        case .isIn(let operand, let values):
            let list = values.map(\.description).joined(separator: ", ")
            return ("\(operand.text(within: .postfix)).isIn([\(list)])", .postfix)
        case .aggregate(let function, let arguments): return (function.text(of: arguments.map(\.description)), .postfix)
        case .alias(let operand, let name): return ("\(operand.text(within: .postfix)).as(\"\(name)\")", .postfix)
        }
    }

    private static func list(_ arguments: some Sequence<Expression>) -> String {
        arguments.map(\.description).joined(separator: ", ")
    }

    private static func spelling(of binary: BinaryOperator) -> (String, Precedence)? {
        switch binary {
        case .add: ("+", .addition)
        case .subtract: ("-", .addition)
        case .wrappingAdd: ("&+", .addition)
        case .wrappingSubtract: ("&-", .addition)
        case .multiply: ("*", .multiplication)
        case .divide: ("/", .multiplication)
        case .remainder: ("%", .multiplication)
        case .wrappingMultiply: ("&*", .multiplication)
        case .equal: ("==", .comparison)
        case .notEqual: ("!=", .comparison)
        case .less: ("<", .comparison)
        case .lessOrEqual: ("<=", .comparison)
        case .greater: (">", .comparison)
        case .greaterOrEqual: (">=", .comparison)
        case .and: ("&&", .conjunction)
        case .or: ("||", .disjunction)
        case .quotient, .nullSafeEqual: nil
        }
    }

    /// The name as it is when it reads as a name, else between back quotes.
    private static func quoted(column name: String) -> String {
        let isPlain = name.utf8.enumerated().allSatisfy { position, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                128...:
                true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): position > 0
            default: false
            }
        }
        return isPlain && !name.isEmpty ? name : "`\(name)`"
    }
}

extension AggregateFunction {
    /// The call with the printed arguments: `variance(x, deltaDegrees: 0)`.
    func text(of arguments: [String]) -> String {
        let (name, options) = spelling
        return "\(name)(\((arguments + options).joined(separator: ", ")))"
    }

    private var spelling: (name: String, options: [String]) {
        switch self {
        case .countRows, .count: ("count", [])
        case .countDistinct: ("countDistinct", [])
        case .sum: ("sum", [])
        case .sumOrZero: ("sumOrZero", [])
        case .mean: ("mean", [])
        case .min: ("min", [])
        case .max: ("max", [])
        case .variance(let delta): ("variance", Self.options(ofDelta: delta))
        case .standardDeviation(let delta): ("standardDeviation", Self.options(ofDelta: delta))
        case .covariance(let delta): ("covariance", Self.options(ofDelta: delta))
        case .correlation: ("correlation", [])
        case .quantile(0.5, .linear): ("median", [])
        case .quantile(let share, let interpolation):
            (
                "quantile",
                ["\(share)"] + (interpolation == .linear ? [] : ["interpolation: .\(interpolation.rawValue)"])
            )
        }
    }

    private static func options(ofDelta delta: Int) -> [String] { delta == 1 ? [] : ["deltaDegrees: \(delta)"] }
}

extension DataType {
    /// The type as Swift code spells it, without the leading dot.
    var spelling: String {
        switch self {
        case .decimal(let precision, let scale): "decimal(precision: \(precision), scale: \(scale))"
        case .timestamp(let zone?): "timestamp(zone: \"\(zone)\")"
        default: description
        }
    }
}

extension Literal: CustomStringConvertible {
    /// The constant as one would write it: `3`, `0.5`, `"UA"`, `date(2013-01-31)`.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .float(let bits): "\(bits.value)"
        case .string(let text): Self.quoted(text)
        case .date(let days): "date(\(CivilDate(daysSinceEpoch: days)))"
        case .timestamp(let microseconds, let zone):
            "timestamp(\(TimestampText.description(microseconds: microseconds, hasZone: zone != nil)))"
        case .decimal(let unscaled, _, let scale): "decimal(\(Decimals.description(unscaled: unscaled, scale: scale)))"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }
}
