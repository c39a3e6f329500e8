import StoaColumns
import StoaPlan
import Testing

/// Types and implicit conversions of expressions over a column of every type.
@Suite struct TypingTests {
    /// Expression, its type, and how the operands are converted.
    static let cases: [(Expression, DataType, String)] = [
        // Integers widen; a constant takes its neighbour's type when it fits.
        (col("i8") + 1, .int8, "i8 + 1"),
        (col("i8") + 1000, .int64, "i8.cast(to: .int64) + 1000"),
        (col("i8") + col("i32"), .int32, "i8.cast(to: .int32) + i32"),
        (col("u8") + col("i8"), .int64, "u8.cast(to: .int64) + i8.cast(to: .int64)"),
        (col("u8") * -1, .int64, "u8.cast(to: .int64) * -1"),
        (col("u64") > 5, .bool, "u64 > 5"),
        (-col("i16"), .int16, "-i16"),
        (col("i32").quotient(7), .int32, "i32.quotient(7)"),
        (col("i64") % 2, .int64, "i64 % 2"),
        (col("i32") &* 2, .int32, "i32 &* 2"),
        // Floats.
        (col("f32") * 0.5, .float32, "f32 * 0.5"),
        (col("f32") * 0.1, .float64, "f32.cast(to: .float64) * 0.1"),
        (col("f32") + col("f64"), .float64, "f32.cast(to: .float64) + f64"),
        (col("f32") + 2, .float32, "f32 + 2.0"),
        (col("i64") + 0.5, .float64, "i64.cast(to: .float64) + 0.5"),
        (col("i8") > 1.0, .bool, "i8.cast(to: .float64) > 1.0"),
        (col("f64") % 2, .float64, "f64 % 2.0"),
        // Division.
        (col("i64") / 2, .float64, "i64.cast(to: .float64) / 2.0"),
        (col("price") / col("u8"), .float64, "price.cast(to: .float64) / u8.cast(to: .float64)"),
        (lit(1) / 2, .float64, "1.0 / 2.0"),
        // Decimals, as Spark.
        (
            col("price") + 1, .decimal(precision: 11, scale: 2),
            "price.cast(to: .decimal(precision: 11, scale: 2)) + decimal(1.00)"
        ),
        (
            col("price") + col("price"), .decimal(precision: 11, scale: 2),
            "price.cast(to: .decimal(precision: 11, scale: 2)) + price.cast(to: .decimal(precision: 11, scale: 2))"
        ),
        (col("price") * 3, .decimal(precision: 12, scale: 2), "price * decimal(3)"),
        (col("price") * col("price"), .decimal(precision: 21, scale: 4), "price * price"),
        (col("wide") * col("price"), .decimal(precision: 38, scale: 6), "wide * price"),
        (
            col("price") * col("i8"), .decimal(precision: 14, scale: 2),
            "price * i8.cast(to: .decimal(precision: 3, scale: 0))"
        ),
        (col("price") > 10, .bool, "price > decimal(10.00)"),
        (
            col("price") > 123_456_789_012, .bool,
            "price.cast(to: .decimal(precision: 14, scale: 2)) > decimal(123456789012.00)"
        ),
        (col("price") > 10.5, .bool, "price.cast(to: .float64) > 10.5"),
        (
            col("price") == lit("0.05").cast(to: .decimal(precision: 3, scale: 2)), .bool,
            "price == decimal(0.05).cast(to: .decimal(precision: 10, scale: 2))"
        ),
        // Dates and timestamps.
        (col("date") >= "2013-01-31", .bool, "date >= date(2013-01-31)"),
        (col("time") < "2013-01-31 12:00", .bool, "time < timestamp(2013-01-31T12:00:00)"),
        (col("utc") < "2013-01-31", .bool, "utc < timestamp(2013-01-31T00:00:00Z)"),
        (col("date") < col("time"), .bool, "date.cast(to: .timestamp) < time"),
        (col("time").hour(), .int32, "time.hour()"),
        // Text and logic.
        (col("text") == "x", .bool, "text == \"x\""),
        (col("text").length(), .int64, "text.length()"),
        (concatenate(col("text"), lit("!")), .utf8, "concatenate(text, \"!\")"),
        (col("flag") && .null, .bool, "flag && null"),
        (col("flag") == true, .bool, "flag == true"),
        // Choices and null handling.
        (coalesce(col("i8"), col("i32"), 0), .int32, "coalesce(i8.cast(to: .int32), i32, 0)"),
        (col("i32").fillNull(0.5), .float64, "coalesce(i32.cast(to: .float64), 0.5)"),
        (when(col("flag"), then: 1).otherwise(2.5), .float64, "when(flag, then: 1.0).otherwise(2.5)"),
        (when(col("flag"), then: col("i8")).otherwise(.null), .int8, "when(flag, then: i8).otherwise(null)"),
        (col("f32").isNaN, .bool, "f32.cast(to: .float64).isNaN"),
        (col("i32").sqrt(), .float64, "i32.cast(to: .float64).sqrt()"),
        (col("i32").abs(), .int32, "i32.abs()"),
        (col("i8").isIn([1, 1000, 2.0, 2.5]), .bool, "i8.isIn([1, 2])"),
        (col("i8").isIn([1000]), .bool, "when(i8.isNotNull, then: false).otherwiseNull"),
        (col("date").isIn(["2013-01-31"]), .bool, "date.isIn([date(2013-01-31)])"),
        (lit("7").cast(to: .int32), .int32, "\"7\".cast(to: .int32)"),
        (lit(7).cast(to: .int8), .int8, "7"),
        (Expression.null.cast(to: .utf8), .utf8, "null"),
    ]

    @Test(arguments: cases.indices) func types(_ index: Int) throws {
        let (expression, type, text) = Self.cases[index]
        let bound = try bound(expression)
        #expect(bound.type == type, "\(expression)")
        let schema = try TestCatalog.flights.schema(of: FileScan(path: "types.parquet"))
        #expect(bound.named(by: schema).description == text)
    }

    static let mistakes: [(Expression, StoaError.Code, String)] = [
        (col("text") + 1, .typeMismatch, "concatenate"),
        (col("u64") + col("i64"), .typeMismatch, ".cast(to: .int64)"),
        (col("u64") > -1, .typeMismatch, ".cast(to: .int64)"),
        (col("text") > 5, .typeMismatch, ".cast(to:)"),
        (col("flag") + 1, .typeMismatch, "number"),
        (!col("i8"), .typeMismatch, "i8 > 0"),
        (col("i8") && col("flag"), .typeMismatch, "condition"),
        (-col("u8"), .typeMismatch, "int64"),
        (col("f64").quotient(2), .typeMismatch, "truncate"),
        (col("f64") &+ 1, .typeMismatch, "integers"),
        (col("price") % 2, .typeMismatch, "integers or floats"),
        (col("time") < col("utc"), .typeMismatch, "timestamp(UTC)"),
        (col("date") < "31.1.2013", .invalidArgument, "2013-01-31"),
        (col("date").hour(), .typeMismatch, "timestamp"),
        (col("i8").isNaN, .typeMismatch, "float"),
        (col("i8").length(), .typeMismatch, "text"),
        (col("i8").isIn([.null]), .invalidArgument, "isNull"),
        (col("date").cast(to: .bool), .typeMismatch, "date32"),
        (col("i8").cast(to: .date32), .typeMismatch, "date32"),
        (col("i8").cast(to: .decimal(precision: 40, scale: 0)), .invalidArgument, "38"),
        (lit("12.x").cast(to: .decimal(precision: 4, scale: 2)), .castFailed, "12.x"),
        (.null, .typeMismatch, "cast"),
        (col("wide") > lit(.decimal(unscaled: Int128(1) << 125, precision: 38, scale: 0)), .typeMismatch, "decimal"),
        (sum("i8"), .invalidArgument, "agg"),
        (col("i3") + 1, .unknownColumn, "'i32'"),
        (.function(.atan2, [col("f64")]), .invalidArgument, "2"),
    ]

    @Test(arguments: mistakes.indices) func mistakesSayWhatWouldBeRight(_ index: Int) throws {
        let (expression, code, hint) = Self.mistakes[index]
        let error = try #require(throws: StoaError.self) { try bound(expression) }
        #expect(error.code == code, "\(expression): \(error)")
        #expect(error.source == .caller)
        #expect((error.message + error.advice).contains(hint), "\(error)")
        #expect(error.location.planNode?.hasPrefix("select(") == true)
    }

    @Test func nullabilityFollowsTheOperands() throws {
        #expect(try !bound(col("present") + 1).isNullable)
        #expect(try bound(col("present") + col("i64")).isNullable)
        #expect(try !bound(col("i64").isNull).isNullable)
        #expect(try !bound(col("i64").isSame(as: 1)).isNullable)
        #expect(try !bound(coalesce(col("i64"), col("present"))).isNullable)
        #expect(try bound(when(col("present") > 1, then: 1).otherwiseNull).isNullable)
        #expect(try !bound(when(col("present") > 1, then: 1).otherwise(2)).isNullable)
        #expect(try bound(col("present").nullIf(1)).isNullable)
        #expect(try bound(col("present").tryCast(to: .int8)).isNullable)
        #expect(try !bound(col("present").tryCast(to: .float64)).isNullable)
    }

    /// Every pair of types: comparing gives a common type for both orders, or an error for both.
    @Test func commonTypesAreSymmetric() throws {
        let fields = try TestCatalog.flights.schema(of: FileScan(path: "types.parquet")).fields
        for left in fields {
            for right in fields {
                let common = TypeRules.common(left.type, right.type)
                #expect(common == TypeRules.common(right.type, left.type), "\(left), \(right)")
                let comparison = try? bound(col(left.name) == col(right.name))
                #expect((comparison != nil) == (common != nil), "\(left), \(right)")
            }
        }
    }
}
