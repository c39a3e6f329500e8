import StoaColumns
import StoaPlan
import Testing

/// What folds, to what, and what has to stay.
@Suite struct ConstantFoldingTests {
    static let cases: [(Expression, String)] = [
        ((lit(1) + 2) * 3 < col("i64"), "9 < i64"),
        (lit(7).quotient(2) + lit(-7) % 2, "2"),
        (lit(7) / 2, "3.5"),
        (lit(0.1) + 0.2, "0.30000000000000004"),
        (lit(1) / 0, "inf"),
        (lit("b") > "a", "true"),
        (lit(Double.nan) > 1e300, "true"),
        (lit(Double.nan) == lit(Double.nan), "true"),
        (lit(-0.0) == 0.0, "true"),
        (lit(3).cast(to: .float64) * col("f64"), "3.0 * f64"),
        // Overflow and division by zero fail at run time, with their row.
        (lit(Int.max) + 1, "9223372036854775807 + 1"),
        (lit(1).quotient(0), "1.quotient(0)"),
        (lit(Int.min).quotient(-1), "(-9223372036854775808).quotient(-1)"),
        (lit(Int.max) &+ 1, "-9223372036854775808"),
        (lit(Int.max) &* 3, "9223372036854775805"),
        (col("i8") + 100 + lit(Int.max) * 2, "(i8 + 100).cast(to: .int64) + 9223372036854775807 * 2"),
        // Kleene logic.
        (col("flag") && true, "flag"),
        (col("flag") && false, "false"),
        (col("flag") || true, "true"),
        (false || col("flag"), "flag"),
        (col("flag") && .null, "flag && null"),
        (!(!col("flag")), "flag"),
        (!(col("i64") < 3), "i64 >= 3"),
        (!(col("f64") == 3), "f64 != 3.0"),
        // What can fail is not thrown away.
        (col("i64") + 1 > 0 && false, "i64 + 1 > 0 && false"),
        (col("i64").quotient(2) > 0 || true, "i64.quotient(2) > 0 || true"),
        // Null.
        (col("f64") + .null, "null"),
        (col("f64") == .null, "null"),
        (col("i64") + .null, "null"),
        ((col("i64") * 2) + .null, "i64 * 2 + null"),
        (Expression.null.isSame(as: lit(1)), "false"),
        (col("present").isNull, "false"),
        (col("present").isNotNull, "true"),
        (col("i64").isNull, "i64.isNull"),
        ((col("present") + 1).isNull, "(present + 1).isNull"),
        // Choices.
        (when(lit(1) > 2, then: 1).when(col("flag"), then: 2).otherwise(3), "when(flag, then: 2).otherwise(3)"),
        (
            when(col("flag"), then: 1).when(true, then: 2).when(col("flag"), then: 4).otherwise(3),
            "when(flag, then: 1).otherwise(2)"
        ),
        (when(true, then: col("i64")).otherwise(3), "i64"),
        (when(false, then: col("i64")).otherwiseNull, "null"),
        (coalesce(.null, col("i64"), .null, 1, col("i64")), "coalesce(i64, 1)"),
        (coalesce(col("present"), 1), "present"),
        (lit(2).isIn([1, 2]), "true"),
        (lit(5).isIn([1, 2]), "false"),
        // Left to the kernels.
        (lit(2.0).exp(), "2.0.exp()"),
        (lit("7").cast(to: .int64), "\"7\".cast(to: .int64)"),
        (lit(1e30).cast(to: .int64), "1e+30.cast(to: .int64)"),
    ]

    @Test(arguments: cases.indices) func folds(_ index: Int) throws {
        let (expression, text) = Self.cases[index]
        let before = try bound(expression)
        let folded = ConstantFolding.folded(before)
        let schema = try TestCatalog.flights.schema(of: FileScan(path: "types.parquet"))
        #expect(folded.named(by: schema).description == text, "\(expression)")
        #expect(folded.type == before.type)
        #expect(!folded.isNullable || before.isNullable)
        #expect(ConstantFolding.folded(folded) == folded, "folding again changes nothing")
    }

    /// Integers of every width against checked 128-bit arithmetic.
    @Test(arguments: [DataType.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64])
    func integersAreChecked(_ type: DataType) throws {
        let limits: (Int128, Int128) =
            switch type {
            case .int8: (-128, 127)
            case .int16: (-32768, 32767)
            case .int32: (-2_147_483_648, 2_147_483_647)
            case .int64: (Int128(Int64.min), Int128(Int64.max))
            case .uint8: (0, 255)
            case .uint16: (0, 65535)
            case .uint32: (0, 4_294_967_295)
            default: (0, Int128(UInt64.max))
            }
        let values = Set([limits.0, limits.0 + 1, 0, 1, 2, 7, limits.1 - 1, limits.1])
        for a in values {
            for b in values {
                for (operation, exact) in [(BinaryOperator.add, a + b), (.subtract, a - b)] {
                    let expression = BoundExpression(
                        .binary(operation, constant(a, type), constant(b, type)), type: type, isNullable: false,
                        text: "")
                    let folded = ConstantFolding.folded(expression)
                    let fits = limits.0 <= exact && exact <= limits.1
                    #expect(folded == (fits ? constant(exact, type) : expression), "\(a) \(operation) \(b)")
                }
            }
        }
    }

    private func constant(_ value: Int128, _ type: DataType) -> BoundExpression {
        .constant(Int64(exactly: value).map(Literal.integer) ?? .unsigned(UInt64(value)), type)
    }
}
