import StoaColumns
import StoaPlan
import Testing

/// Expressions print as one writes them, with no more parentheses than needed.
@Suite struct ExpressionDescriptionTests {
    static let cases: [(Expression, String)] = [
        (col("a") * 2 > 3 && col("b").isNull, "a * 2 > 3 && b.isNull"),
        ((col("a") + 1) * 2, "(a + 1) * 2"),
        (col("a") - (col("b") - col("c")), "a - (b - c)"),
        (col("a") - col("b") - col("c"), "a - b - c"),
        (col("a") / (col("b") * col("c")), "a / (b * c)"),
        (!(col("a") == 1 || col("b") != 2) && col("c") <= 0.5, "!(a == 1 || b != 2) && c <= 0.5"),
        (-(col("a") + col("b")) % 7, "-(a + b) % 7"),
        (col("a") &+ 1 &* 2 &- 3, "a &+ 1 &* 2 &- 3"),
        ((col("a") == col("b")) == (col("c") > 1), "(a == b) == (c > 1)"),
        (lit(-5).abs(), "(-5).abs()"),
        (col("name") == "O'Hare \"x\"\n", "name == \"O'Hare \\\"x\\\"\\n\""),
        (col("odd name") + col("2nd"), "`odd name` + `2nd`"),
        ((col("a") + 1).sqrt().power(2), "(a + 1).sqrt().power(2)"),
        (atan2(col("y"), col("x") * 2), "atan2(y, x * 2)"),
        (coalesce(col("a"), 0), "coalesce(a, 0)"),
        (col("a").quotient(col("b") + 1), "a.quotient(b + 1)"),
        (col("a").isSame(as: .null), "a.isSame(as: null)"),
        (col("a").cast(to: .decimal(precision: 9, scale: 2)), "a.cast(to: .decimal(precision: 9, scale: 2))"),
        (col("a").tryCast(to: .timestamp(zone: "UTC")), "a.tryCast(to: .timestamp(zone: \"UTC\"))"),
        (col("a").isIn([1, 2.5, "x", true]), "a.isIn([1, 2.5, \"x\", true])"),
        (
            when(col("a") > 0, then: "up").when(col("a") < 0, then: "down").otherwise(.null),
            "when(a > 0, then: \"up\").when(a < 0, then: \"down\").otherwise(null)"
        ),
        (when(col("a") > 0, then: 1).otherwiseNull, "when(a > 0, then: 1).otherwiseNull"),
        (sum("a") / count(), "sum(a) / count()"),
        (variance("a", deltaDegrees: 0).as("v"), "variance(a, deltaDegrees: 0).as(\"v\")"),
        (standardDeviation(col("a") + 1), "standardDeviation(a + 1)"),
        (lit(.date(-1)), "date(1969-12-31)"),
        (lit(.timestamp(-1, zone: nil)), "timestamp(1969-12-31T23:59:59.999999)"),
        (lit(.timestamp(1_000_000, zone: "UTC")), "timestamp(1970-01-01T00:00:01Z)"),
        (lit(.decimal(unscaled: -5, precision: 4, scale: 2)), "decimal(-0.05)"),
        (lit(.decimal(unscaled: 1234, precision: 4, scale: 0)), "decimal(1234)"),
    ]

    @Test(arguments: cases.indices) func prints(_ index: Int) {
        #expect(Self.cases[index].0.description == Self.cases[index].1)
    }

    @Test func everyFunctionPrintsItsName() {
        for function in ScalarFunction.allCases {
            #expect(Expression.function(function, [col("a"), col("b")]).description.contains(function.rawValue))
        }
    }

    @Test func resultsAreNamedAfterWhatTheyAre() {
        #expect(col("a b").outputName == "a b")
        #expect(count().outputName == "count")
        #expect(sum("arr_delay").outputName == "sum(arr_delay)")
        #expect((col("a") + 1).as("x").outputName == "x")
        #expect((col("a") + 1).outputName == "a + 1")
    }

    @Test func sortKeysPrint() {
        #expect(desc("delay").description == "desc(delay)")
        #expect(asc(col("a") + 1, nullsFirst: true).description == "asc(a + 1, nullsFirst: true)")
    }
}
