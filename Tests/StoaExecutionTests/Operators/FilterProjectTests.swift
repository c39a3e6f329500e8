import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import Testing

@Suite struct FilterProjectTests {
    private func numbers(_ count: Int) throws -> Batch {
        try Batch(["n": Column((0..<count).map { Int64($0) }), "m": Column((0..<count).map { Int64($0 % 7) })])
    }

    private func all(_ source: any BatchSource) throws -> Batch {
        var batches: [Batch] = []
        while let batch = try source.next() {
            #expect(batch.rowCount <= Morsel.rowLimit)
            batches.append(batch)
        }
        return try Batch.concatenated(batches, schema: source.schema)
    }

    @Test func morsels() throws {
        for lengths in [[], [0], [1], [Morsel.rowLimit], [Morsel.rowLimit + 1, 0, 3], [3 * Morsel.rowLimit, 5]] {
            var next = 0
            let batches = try lengths.map { length in
                defer { next += length }
                return try Batch(["n": Column((next..<next + length).map { Int64($0) })])
            }
            let source = MorselSource(schema: Schema([Field("n", .int64)]), batches: batches)
            let expected: [Int64?] = (0..<next).map { Int64($0) }
            #expect(Int64.values(of: try all(source).columns[0]) == expected)
        }
    }

    @Test func filterThenProject() throws {
        let batch = try numbers(40_000)
        let condition = try batch.schema.bind([col("m") == 3 || col("n") > 39_990])[0]
        let filter = try FilterOperator(condition, input: MorselSource(schema: batch.schema, batches: [batch]))
        let expressions = try batch.schema.bind([col("n") * 2, col("m")])
        let project = try ProjectOperator(
            expressions, schema: Schema([Field("twice", .int64), Field("m", .int64)]), input: filter)
        let result = try all(project)
        var expected: [Int64?] = []
        for number in 0..<Int64(40_000) where number % 7 == 3 || number > 39_990 { expected.append(number * 2) }
        #expect(Int64.values(of: result.columns[0]) == expected)
        #expect(project.schema.names == ["twice", "m"])
    }

    @Test func errorsNameTheRowOfThePartition() throws {
        let batch = try numbers(40_000)
        let failing = try batch.schema.bind([lit(1) % (col("n") - 30_000)])
        let schema = Schema([Field("x", .int64)])
        let direct = try ProjectOperator(
            failing, schema: schema, input: MorselSource(schema: batch.schema, batches: [batch]))
        do {
            _ = try all(direct)
            Issue.record("no division by zero")
        } catch let error as StoaError {
            #expect(error.location.row == 30_000 && error.code == .divisionByZero, "\(error)")
        }
        // Behind a filter the rows are no longer those of the partition: better none than a wrong one.
        let filter = try FilterOperator(
            try batch.schema.bind([col("n") > 100])[0], input: MorselSource(schema: batch.schema, batches: [batch]))
        do {
            _ = try all(try ProjectOperator(failing, schema: schema, input: filter))
            Issue.record("no division by zero")
        } catch let error as StoaError {
            #expect(error.location.row == nil && error.message == "1 % 0 divides by zero", "\(error)")
        }
    }
}
