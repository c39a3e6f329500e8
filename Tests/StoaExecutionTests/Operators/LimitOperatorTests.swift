import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct LimitOperatorTests {
    @Test func rowsAfterTheSkippedOnes() throws {
        let table = try RandomTable.make(200, seed: 1)
        for longest in [1, 30, 1_000] {
            let parts = try RandomTable.cut(table, seed: UInt64(longest), longest: longest)
            for skip in [0, 1, 37, 199, 200, 500] {
                for count in [0, 1, 40, 200, Int.max] {
                    let rows = try TaskHarness().rows(parts, schema: table.schema) {
                        .limit(skip: skip, count: count, $0)
                    }
                    #expect(try rows.rowNumbers == Array((0..<200).dropFirst(skip).prefix(count)))
                }
            }
        }
    }

    @Test func stopsReadingWhenItHasEnough() throws {
        let harness = TaskHarness()
        let table = try RandomTable.make(10, seed: 1)
        let here = harness.put([table], stage: 0)
        // The second block does not exist: reading it would fail.
        let lost = BlockLocation(
            block: .stage(harness.job, StageID(0), partition: 1, bucket: nil), executor: harness.executor.id)
        let report = try harness.report(.limit(skip: 2, count: 8, .input(0, table.schema)), [.blocks([here, lost])])
        #expect(report.metrics.rowsWritten == 8 && report.metrics.rowsRead == 10)
    }

    @Test func fewRowsDoNotHoldManyInMemory() throws {
        let table = try Batch(["row": Column((0..<100_000).map { Int64($0) })])
        let harness = TaskHarness()
        let block = try harness.blocks(
            .limit(skip: 50_000, count: 3, .input(0, table.schema)), [.blocks([harness.put([table], stage: 0)])])[0]
        guard case .fixed(let buffer) = try block.rows()[0].columns[0].storage else {
            Issue.record("integers lie elsewhere")
            return
        }
        #expect(buffer.byteCount < 1_000)
    }
}
