import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct UserFunctionTests {
    private static let promised = Schema([Field("value", .int64, isNullable: false)])

    @Test func everyBatchGoesThroughTheFunction() throws {
        let function = EveryNth(step: 7, weight: .infinity)
        let table = try Batch(["row": Column((0..<50_000).map { Int64($0) })])
        let schema = try function.outputSchema(for: table.schema)
        let rows = try TaskHarness().rows([table], schema: table.schema) {
            [encoded = try UserFunction(encoding: function)] in
            .map(encoded, schema, $0)
        }
        #expect(try rows.rowNumbers == Array(stride(from: 0, to: 50_000, by: 7)))
        #expect(try rows.column("weight").array(of: Double.self).allSatisfy { $0 == .infinity })
        #expect(rows.schema == schema)
    }

    @Test(arguments: [
        (Misbehaving.Way.otherName, StoaError.Code.schemaMismatch, "valve"), (.otherType, .schemaMismatch, "float64"),
        (.nulls, .nullFound, "nulls"), (.throwing, .userFunctionFailed, "no luck"),
        (.ownError, .invalidArgument, "a mistake of the caller"),
    ])
    func mistakesAreExplained(way: Misbehaving.Way, code: StoaError.Code, text: String) throws {
        let harness = TaskHarness()
        let table = try RandomTable.make(10, seed: 1)
        let plan = PhysicalPlan.map(
            try UserFunction(encoding: Misbehaving(way: way)), Self.promised, .input(0, table.schema))
        do {
            _ = try harness.report(plan, [.blocks([harness.put([table], stage: 0)])], partition: 3)
            Issue.record("the function was believed")
        } catch let error as StoaError {
            #expect(error.code == code)
            #expect(error.source == .caller && !error.isRetryable)
            #expect(error.description.contains(text), "\(error)")
            #expect(error.location.partition == 3 && error.location.stage == 9)
        }
    }

    @Test func statesAreMadeInRowOrderAndMergedInBlockOrder() throws {
        let harness = TaskHarness()
        let journal = try UserFunction(encoding: Journal(separator: ","))
        let table = try RandomTable.make(20, seed: 4)
        var states: [BlockLocation] = []
        for partition in 0..<4 {
            let part = table.slice((partition * 5)..<(partition * 5 + 5))
            let input = harness.put(try RandomTable.cut(part, seed: 2, longest: 3), stage: 0, partition: partition)
            let report = try harness.report(
                .userAggregate(journal, .partial, .input(0, table.schema)), [.blocks([input])], stage: 1,
                partition: partition)
            states.append(BlockLocation(block: report.blocks[0].id, executor: harness.executor.id))
        }
        let merge = PhysicalPlan.userAggregate(journal, .merge, .input(0, Schema()))
        func merged(_ inputs: [BlockLocation], stage: Int) throws -> String? {
            try harness.blocks(merge, [.blocks(inputs)], stage: stage)[0].state() as? String
        }
        #expect(try merged(states, stage: 2) == "0,1,2,3,4,|5,6,7,8,9,|10,11,12,13,14,|15,16,17,18,19,")
        #expect(try merged([states[2]], stage: 3) == "10,11,12,13,14,")
        #expect(try merged([], stage: 4) == "")
    }

    @Test func statesAndRowsAreNotMixedUp() throws {
        let harness = TaskHarness()
        let journal = try UserFunction(encoding: Journal(separator: ","))
        let table = try RandomTable.make(20, seed: 4)
        let rows = harness.put([table], stage: 0)
        let merge = PhysicalPlan.userAggregate(journal, .merge, .input(0, Schema()))
        #expect(throws: StoaError.self) { try harness.report(merge, [.blocks([rows])]) }

        let state = harness.put([], stage: 1)
        harness.executor.store.put(Block(state: 3.5), as: state.block)
        #expect(throws: StoaError.self) { try harness.report(merge, [.blocks([state])]) }
        #expect(throws: StoaError.self) { try harness.report(.input(0, table.schema), [.blocks([state])]) }

        let failing = try UserFunction(encoding: Journal(separator: ",", fails: true))
        do {
            _ = try harness.report(.userAggregate(failing, .partial, .input(0, table.schema)), [.blocks([rows])])
            Issue.record("the pen did not break")
        } catch let error as StoaError {
            #expect(error.code == .userFunctionFailed && error.message.contains("Journal"))
        }
    }
}
