import StoaPlan
import Testing

@Suite struct ExpressionOperatorTests {
    /// Thirty terms, every literal inferred. The manifest makes an expression of this target that needs more than a second
    /// to type-check an error, so this test fails to compile when operators become too many.
    @Test func longExpressionsCompile() {
        let long =
            col("a") * 2 + col("b") * 3.5 - col("c") / 4 + 5 * col("d") - 6 * (col("e") + 7) > 8 && col("f") == 9
            && col("g") != 10 || col("h") < 11 && col("i") >= 12.5 && !(col("j") == "x")
            || col("k") % 13 == 0
                && col("l").isNull && col("m").fillNull(0) + 14 * col("n") - 15 <= -col("o") + 16
            || col("p") == true
                && col("q").sqrt() * 17 > 18.5 - col("r") &+ 19
        #expect(nodeCount(long) > 70)
        // Without a column at the front, where the checker knows least.
        let literalsFirst = 1 + 2 * 3 - 4 * col("a") + 5 + 6 * 7 - 8 + 9 * col("b") + 10 - 11 + 12 > 13 + 14 * col("c")
        #expect(nodeCount(literalsFirst) > 30)
    }

    @Test func variablesAreConstants() {
        let (threshold, factor) = (500, 0.5)
        let expression = col("a") * factor + 1 > threshold && col("b") != threshold && col("c") / 2 < factor
        #expect(expression.description == "a * 0.5 + 1 > 500 && b != 500 && c / 2 < 0.5")
        #expect([col("a") - threshold] == [col("a") - 500])
        #expect([lit(threshold) % col("a")] == [500 % col("a")])
    }

    /// Arithmetic on plain numbers means what it meant before the import.
    @Test func plainNumbersStayPlain() {
        let (floats, integers) = ([0.5, 1.5], [1, 2])
        let mean = floats.isEmpty ? nil : floats.reduce(0, +) / Double(floats.count)
        #expect(mean == 1)
        #expect(floats.map { ($0 - 1) * ($0 - 1) }.reduce(0, +) == 0.5)
        #expect(integers.reduce(1, *) == 2)
        #expect(integers.max(by: <) == 2)
        #expect([[col("a"), col("b")].reduce(0, +)] == [0 + col("a") + col("b")])
    }

    /// `==` builds an expression where one is wanted, and compares where a Bool is wanted.
    @Test func equalityServesBoth() {
        let built = col("a") == 5
        #expect(built.description == "a == 5")
        let isSame: Bool = built == Expression.binary(.equal, .column("a"), .literal(.integer(5)))
        #expect(isSame)
        #expect([col("a")] != [col("b")])
        #expect(Set([col("a"), col("a"), col("b")]).count == 2)
    }

    @Test func textIsAConstantNextToAnOperator() {
        #expect([col("a") == "UA"] == [.binary(.equal, .column("a"), .literal(.string("UA")))])
        #expect([col("a").between("a", "b")] == [col("a") >= lit("a") && col("a") <= lit("b")])
        #expect([col("a").fillNull("none")] == [coalesce(col("a"), lit("none"))])
    }

    @Test func equalBitsAreEqualConstants() {
        #expect([lit(Double.nan)] == [lit(Double.nan)])
        #expect([lit(0.0)] != [lit(-0.0)])
    }

    /// Swift holds a letter with its accent and the letter followed by the accent to be equal; columns hold bytes.
    @Test func textsOfOtherBytesAreOtherConstants() {
        let (one, two) = ("caf\u{e9}", "cafe\u{301}")
        #expect(one == two)
        #expect([lit(one)] != [lit(two)] && [lit(one)] == [lit("caf" + "\u{e9}")])
        #expect(Set([col("a") == one, col("a") == two, col("a") == one]).count == 2)
    }

    private func nodeCount(_ expression: Expression) -> Int {
        switch expression {
        case .binary(_, let left, let right): 1 + nodeCount(left) + nodeCount(right)
        case .unary(_, let operand): 1 + nodeCount(operand)
        case .function(_, let arguments): 1 + arguments.map(nodeCount).reduce(0, +)
        default: 1
        }
    }
}
