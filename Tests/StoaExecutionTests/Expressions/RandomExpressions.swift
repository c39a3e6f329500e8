import StoaColumns
import StoaPlan

/// Random trees of the expressions that the reference knows, over the columns of `RandomTable`.
struct RandomExpressions {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[random.below(values.count)] }

    mutating func any(_ depth: Int) -> Expression {
        switch random.below(4) {
        case 0: integer(depth)
        case 1: float(depth)
        case 2: text(depth)
        default: flag(depth)
        }
    }

    mutating func integer(_ depth: Int) -> Expression {
        if depth == 0 {
            return pick([col("row"), col("int"), lit(random.below(7) - 3), lit(Int.max - random.below(2))])
        }
        switch random.below(14) {
        case 0: return integer(depth - 1) + integer(depth - 1)
        case 1: return integer(depth - 1) - integer(depth - 1)
        case 2: return integer(depth - 1) * integer(depth - 1)
        case 3: return integer(depth - 1) % integer(depth - 1)
        case 4: return integer(depth - 1).quotient(integer(depth - 1))
        case 5: return integer(depth - 1) &+ integer(depth - 1)
        case 6: return pick([integer(depth - 1).abs(), -integer(depth - 1), integer(depth - 1).sign()])
        case 7: return text(depth - 1).length()
        case 8: return .cast(float(depth - 1), .int64, onFailure: pick([.error, .null]))
        case 9: return .cast(text(depth - 1), .int64, onFailure: pick([.error, .null]))
        case 10: return when(flag(depth - 1), then: integer(depth - 1)).otherwise(integer(depth - 1))
        case 11: return coalesce(integer(depth - 1), integer(depth - 1), col("int"))
        case 12: return pick([least(integer(depth - 1), col("int")), greatest(integer(depth - 1), col("row"))])
        default: return integer(depth - 1).nullIf(integer(depth - 1))
        }
    }

    mutating func float(_ depth: Int) -> Expression {
        if depth == 0 { return pick([col("float"), lit(0.5), lit(Double.nan), lit(-0.0)]) }
        switch random.below(9) {
        case 0: return float(depth - 1) + float(depth - 1)
        case 1: return float(depth - 1) * float(depth - 1)
        case 2: return integer(depth - 1) / integer(depth - 1)
        case 3: return float(depth - 1) % float(depth - 1)
        case 4:
            return pick([float(depth - 1).abs(), -float(depth - 1), float(depth - 1).floor(), float(depth - 1).sqrt()])
        case 5: return float(depth - 1).fillNaN(float(depth - 1))
        case 6:
            return when(flag(depth - 1), then: float(depth - 1)).when(flag(depth - 1), then: float(0)).otherwise(
                lit(1.0))
        case 7: return integer(depth - 1).cast(to: .float64)
        default: return pick([least(float(depth - 1), float(0)), greatest(float(0), float(depth - 1))])
        }
    }

    mutating func text(_ depth: Int) -> Expression {
        if depth == 0 { return pick([col("text"), col("code"), col("code"), lit("12")]) }
        switch random.below(6) {
        case 0: return concatenate(text(depth - 1), lit("-"), text(0))
        case 1: return text(depth - 1).uppercased()
        case 2: return integer(depth - 1).cast(to: .utf8)
        case 3: return when(flag(depth - 1), then: text(depth - 1)).otherwise(text(0))
        case 4: return coalesce(text(depth - 1), lit("none"))
        default: return when(flag(depth - 1), then: text(depth - 1)).when(flag(0), then: "7").otherwise(text(depth - 1))
        }
    }

    mutating func flag(_ depth: Int) -> Expression {
        if depth == 0 { return pick([col("flag"), lit(true), col("int").isNull, col("int") > 0]) }
        switch random.below(11) {
        case 0: return flag(depth - 1) && flag(depth - 1)
        case 1: return flag(depth - 1) || flag(depth - 1)
        case 2: return !flag(depth - 1)
        case 3: return pick([any(depth - 1).isNull, any(depth - 1).isNotNull])
        case 4: return float(depth - 1).isNaN
        case 5: return integer(depth - 1).isIn([.integer(1), .integer(-2), .integer(7)])
        case 6: return text(depth - 1).isIn([.string("a"), .string(""), .string("12")])
        case 7: return text(depth - 1).contains(pick(["a", "", "b"]))
        case 8: return compare(integer(depth - 1), integer(depth - 1))
        case 9: return compare(float(depth - 1), float(depth - 1))
        default: return compare(text(depth - 1), text(depth - 1))
        }
    }

    private mutating func compare(_ left: Expression, _ right: Expression) -> Expression {
        .binary(
            pick([.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .nullSafeEqual]), left, right)
    }
}
