import Foundation
import Stoa
import StoaCoreGroups
import StoaDriver

/// What a job costs beside its work: jobs of tiny tasks given to the driver, one that is planned too, and the command
/// `stoa` from its start.
struct StageOverhead: Workload {
    private let file: String
    private let cluster: CoreGroupCluster
    private let driver: Driver
    private let graphs: [String: StageGraph]
    private let oneRow: DataFrame

    /// A driver of its own, so that a job can be planned once and run often.
    init(session: Session, file: String) throws {
        self.file = file
        var options = CoreGroupOptions()
        options.executorCount = session.configuration.options.cluster.executors
        options.threadsPerExecutor = session.configuration.options.cluster.threadsPerExecutor
        cluster = try CoreGroupCluster(topology: .machine(), options: options)
        driver = try Driver(cluster: cluster)
        oneRow = try session.dataFrame(["x": Column([1])])

        let schema = Schema([Field("x", .int64, isNullable: false)])
        let row = Batch(unchecked: schema, columns: [Column([Int64(1)])], rowCount: 1)
        let dataset = DatasetID(1)
        var blocks: [LocatedBlock] = []
        for (partition, executor) in cluster.executors.enumerated() {
            let id = BlockID.dataset(dataset, partition: partition)
            let summary = cluster.put([row], id: id, on: executor.id)
            blocks.append(
                LocatedBlock(
                    location: BlockLocation(block: id, executor: executor.id), rowCount: summary.rowCount,
                    byteCount: summary.byteCount))
        }
        driver.register(dataset, blocks: blocks)

        func graph(tasks: Int) -> StageGraph {
            let tasks = (0..<tasks).map { StageTask(inputs: [.dataset(dataset, partition: $0 % blocks.count)]) }
            return StageGraph(stages: [
                Stage(
                    id: StageID(0), label: "tiny tasks", pipelines: [.input(0, schema)], tasks: tasks, output: .block,
                    schema: schema)
            ])
        }
        graphs = [
            "empty_job": graph(tasks: 1), "tasks_1000": graph(tasks: 1_000), "tasks_100000": graph(tasks: 100_000),
        ]
    }

    func run(_ query: String) async throws -> ResultTable {
        switch query {
        case "planned_job": return try await oneRow.agg(count()).collect()
        case "first_result": return try await Self.table(count: rowsOfTheCommand())
        default: break
        }
        guard let graph = graphs[query] else { throw Unsupported("there is no query '\(query)'") }
        let result = try await driver.run(graph)
        defer { result.release() }
        return try Self.table(count: result.blocks.reduce(0) { $0 + $1.rowCount })
    }

    /// Starts the command `stoa` that was built beside this program, and counts the rows of the file that it shows.
    private func rowsOfTheCommand() async throws -> Int {
        let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let command = here.appendingPathComponent("stoa")
        guard FileManager.default.isExecutableFile(atPath: command.path) else {
            throw Unsupported("the command stoa was not built beside this program")
        }
        let (process, output) = (Process(), Pipe())
        process.executableURL = command
        process.arguments = ["head", file, "--rows", "10"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        // Names, types and a rule come before the rows.
        return text.split(separator: "\n").count - 3
    }

    private static func table(count: Int) throws -> ResultTable {
        let batch = try Batch(["count": Column([count])])
        return ResultTable(schema: batch.schema, batches: [batch])
    }
}
