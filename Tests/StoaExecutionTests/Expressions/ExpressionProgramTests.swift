import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import Testing

@Suite struct ExpressionProgramTests {
    /// Rows of cells of a batch.
    private func rows(_ batch: Batch) -> [[Cell]] {
        let columns = batch.columns.map(\.cells)
        return (0..<batch.rowCount).map { row in columns.map { $0[row] } }
    }

    /// Random trees against the reference: values row by row; where the reference fails in some rows, the program names
    /// one of them, and succeeds on the others.
    @Test(arguments: 0..<8) func randomTrees(_ seed: Int) throws {
        try checkRandomTrees(RandomTable.make(211, seed: UInt64(seed)).slice(3..<208), seed: seed, trees: 150)
    }

    /// The same over several blocks of rows, the last one short.
    @Test func randomTreesOverBlocks() throws {
        try checkRandomTrees(RandomTable.make(2_200, seed: 99).slice(5..<2_163), seed: 99, trees: 120)
    }

    private func checkRandomTrees(_ table: Batch, seed: Int, trees count: Int) throws {
        let cells = rows(table)
        var trees = RandomExpressions(seed: UInt64(seed) &* 77)
        for number in 0..<count {
            let expression = trees.any(1 + number % 4)
            let bound = try table.schema.bind([expression])
            let program = try ExpressionProgram(bound, input: table.schema)
            var expected: [Cell?] = []
            var codes: [StoaError.Code?] = []
            for row in cells {
                do {
                    expected.append(try ReferenceInterpreter.evaluate(bound[0], row))
                    codes.append(nil)
                } catch let failure as ReferenceFailure {
                    expected.append(nil)
                    codes.append(failure.code)
                }
            }
            if codes.contains(where: { $0 != nil }) {
                do {
                    _ = try program.evaluate(table, firstRow: 1_000)
                    Issue.record("'\(expression)' should fail in row \(codes.firstIndex { $0 != nil } ?? -1)")
                } catch {
                    let row = (error.location.row ?? 0) - 1_000
                    #expect(codes.indices.contains(row) && codes[row] != nil, "\(error) in '\(expression)'")
                    #expect(error.location.column != nil)
                }
            }
            let good = table.filtered(by: BitMask(trueRowsOf: Column(expected.map { $0 != nil })))
            let columns = try program.evaluate(good)
            #expect(columns[0].count == good.rowCount)
            try columns[0].checkInvariants()
            #expect(columns[0].cells == expected.compactMap { $0 }, "\(expression)")
            if bound[0].type == .bool {
                let mask = try program.evaluateMask(good)
                let kept: [Cell] = expected.compactMap { $0 }
                let chosen: [Int] = kept.indices.filter { kept[$0] == .flag(true) }
                #expect(mask.rows().map { Int($0) } == chosen)
            }
        }
    }

    private func batch() throws -> Batch {
        try Batch([
            "a": Column([10, 7, nil, -3, 8]), "b": Column([3, 0, 2, 0, nil]),
            "s": Column(["12", "x", "7", nil, "x"]).dictionaryEncoded(), "f": Column([1.5, .nan, nil, -0.0, 4]),
        ])
    }

    private func evaluate(_ expression: Expression, _ batch: Batch, firstRow: Int? = 0) throws -> [Cell] {
        let program = try ExpressionProgram(try batch.schema.bind([expression]), input: batch.schema)
        return try program.evaluate(batch, firstRow: firstRow)[0].cells
    }

    @Test func untakenBranchesDoNotFail() throws {
        let batch = try batch()
        let safe = when(col("b") != 0, then: col("a") % col("b")).otherwise(lit(-1))
        #expect(try evaluate(safe, batch) == [.integer(1), .integer(-1), .null, .integer(-1), .integer(-1)])
        #expect(throws: StoaError.self) { try evaluate(col("a") % col("b"), batch) }
        // The other branch may not fail either, nor a later condition where an earlier one held.
        let a = col("a")
        let b = col("b")
        let isLarge = a.quotient(b) > 2
        let second = when(b == 0, then: lit(0)).when(isLarge, then: lit(1)).otherwise(a % b)
        #expect(try evaluate(second, batch) == [.integer(1), .integer(0), .null, .integer(0), .null])
        // The same subexpression outside the branch is computed for itself, and fails.
        let program = try ExpressionProgram(
            try batch.schema.bind([safe, col("a") % col("b")]), input: batch.schema)
        #expect(throws: StoaError.self) { try program.evaluate(batch) }
        let inner = when(b == 0, then: lit(5)).otherwise(a.quotient(b))
        let nested = when(a > 0, then: inner).otherwise(lit(9))
        #expect(try evaluate(nested, batch) == [.integer(3), .integer(5), .integer(9), .integer(9), .null])
        let zero = b - b
        let first = coalesce(b, a % zero)
        #expect(
            try evaluate(first, batch.taking([0, 1, 2, 3])) == [.integer(3), .integer(0), .integer(2), .integer(0)])
    }

    @Test func textOfUnusedEntriesDoesNotFail() throws {
        let batch = try batch()
        let cast = col("s").cast(to: .int64)
        #expect(throws: StoaError.self) { try evaluate(cast, batch) }
        #expect(try evaluate(cast, batch.taking([0, 2, 3])) == [.integer(12), .integer(7), .null])
        #expect(
            try evaluate(when(col("s") != "x", then: cast).otherwise(lit(0)), batch)
                == [.integer(12), .integer(0), .integer(7), .integer(0), .integer(0)])
        do {
            _ = try evaluate(cast, batch, firstRow: 100)
            Issue.record("'x' was read as a number")
        } catch let error as StoaError {
            #expect(error.location.row == 101 && error.message.contains("'x'"), "\(error)")
        }
    }

    @Test func textFunctionsKeepDictionaries() throws {
        let batch = try batch()
        let program = try ExpressionProgram(
            try batch.schema.bind([col("s").uppercased(), concatenate(lit("<"), col("s"), lit(">"))]),
            input: batch.schema)
        var dictionaries: [StringDictionary] = []
        for _ in 0..<2 {
            let columns = try program.evaluate(batch)
            #expect(columns[0].cells == [.text("12"), .text("X"), .text("7"), .null, .text("X")])
            #expect(columns[1].cells == [.text("<12>"), .text("<x>"), .text("<7>"), .null, .text("<x>")])
            if let dictionary = columns[0].dictionaryCodes?.dictionary { dictionaries.append(dictionary) }
        }
        // Evaluated once: the second batch shares the first one's result.
        #expect(dictionaries.count == 2 && dictionaries[0] === dictionaries[1])
    }

    @Test func subexpressionsAreShared() throws {
        let schema = try batch().schema
        let shared = try ExpressionProgram(
            try schema.bind([(col("a") + 1) * 2, (col("a") + 1) * 3, col("a") + 1, col("a"), lit(4)]), input: schema)
        #expect(shared.instructionCount == 3)
        let columns = try shared.evaluate(try batch())
        #expect(columns[2].cells == [.integer(11), .integer(8), .null, .integer(-2), .integer(9)])
        #expect(columns[4].cells == [Cell](repeating: .integer(4), count: 5))
    }

    @Test func columnsAreNotCopied() throws {
        let batch = try batch()
        let program = try ExpressionProgram(try batch.schema.bind([col("f")]), input: batch.schema)
        let column = try program.evaluate(batch)[0]
        #expect(column.values(as: Double.self) == batch.columns[3].values(as: Double.self))
    }

    @Test func errorsNameExpressionRowAndOperands() throws {
        do {
            _ = try evaluate(col("a") * 1_000_000_000_000_000_000, try batch(), firstRow: 16_384)
            Issue.record("no overflow")
        } catch let error as StoaError {
            #expect(error.code == .overflow && error.location.row == 16_384)
            #expect(error.message == "10 * 1000000000000000000 does not fit int64", "\(error)")
            #expect(error.location.column == "a * 1000000000000000000", "\(error)")
        }
        do {
            _ = try evaluate(col("a") % 0, try batch(), firstRow: nil)
            Issue.record("no division by zero")
        } catch let error as StoaError {
            #expect(error.code == .divisionByZero && error.location.row == nil)
        }
    }

    @Test func constantConditions() throws {
        let batch = try batch()
        for (condition, count) in [(lit(true), 5), (lit(false), 0)] {
            let program = try ExpressionProgram(try batch.schema.bind([condition]), input: batch.schema)
            #expect(try program.evaluateMask(batch).ones == count)
        }
        #expect(
            try evaluate(when(lit(false), then: "p").otherwise("q"), batch) == [Cell](repeating: .text("q"), count: 5))
    }

    @Test func emptyBatches() throws {
        var trees = RandomExpressions(seed: 5)
        let table = try RandomTable.make(10, seed: 1).slice(4..<4)
        for _ in 0..<200 {
            let bound = try table.schema.bind([trees.any(3)])
            #expect(try ExpressionProgram(bound, input: table.schema).evaluate(table)[0].count == 0)
        }
    }

    /// Types that the random trees leave out.
    @Test func datesAndDecimals() throws {
        let days = Column([Int32(15_764), nil, 0]).reinterpreted(as: .date32)
        let batch = try Batch(["d": days, "p": try Column(decimals: [1_250, nil, -5], precision: 6, scale: 2)])
        let day = col("d")
        let price = col("p")
        let doubled = price * 2
        let cases: [(Expression, [Cell])] = [
            (day.year(), [.integer(2_013), .null, .integer(1_970)]),
            (day == "2013-02-28", [.flag(true), .null, .flag(false)]),
            (day.cast(to: .utf8), [.text("2013-02-28"), .null, .text("1970-01-01")]),
            (doubled.cast(to: .utf8), [.text("25.00"), .null, .text("-0.10")]),
            (price / 2, [.float(6.25), .null, .float(-0.025)]),
            (price.isIn([.decimal(unscaled: -5, precision: 6, scale: 2)]), [.flag(false), .null, .flag(true)]),
        ]
        for (expression, expected) in cases {
            #expect(try evaluate(expression, batch) == expected, "\(expression)")
        }
    }
}
