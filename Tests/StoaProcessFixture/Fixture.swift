import Glibc
import Stoa

/// A user's program with a session, whose executors may be processes: it does what its first argument says.
///
///     StoaProcessFixture queries CLUSTER ROWS    the answers of the suite of queries, bit by bit
///     StoaProcessFixture killed CLUSTER ROWS     the same, while one executor after the other is killed
///     StoaProcessFixture misbehave HOW FOLDER    one task misbehaves once: `exit`, `trap`, or `garbage` on the connection
///     StoaProcessFixture write FOLDER            an executor is killed while it writes the file out.csv; tells its rows
///     StoaProcessFixture hang FOLDER             functions do not return: a job is cancelled, then the session is stopped
///     StoaProcessFixture wait COUNT              tells its executors' processes, then waits to be killed
///     StoaProcessFixture print                   prints before its session, in tasks, and after it
///     StoaProcessFixture leave-early FILE        the second run, an executor's, ends before it opens a session
///     StoaProcessFixture executor                nothing but opens a session, for drivers in other programs
///
/// CLUSTER is `embedded:EXECUTORSxTHREADS` or `processes:EXECUTORSxTHREADS`.
@main
enum Fixture {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "queries": try await Queries.run(try session(words[1]), rows: Int(words[2]) ?? 0)
        case "killed":
            let session = try session(words[1])
            Killer.start()
            try await Queries.run(session, rows: Int(words[2]) ?? 0)
            session.stop()
        case "misbehave": try await misbehave(words[1], folder: words[2])
        case "write": try await writeWhileKilled(words[1])
        case "hang": try await hang(folder: words[1])
        case "wait": try await waitForDeath(executors: Int(words[1]) ?? 1)
        case "print": try await printEverywhere()
        case "leave-early": try leaveEarly(words[1])
        case "never-open":
            print("waiting for nothing")
            while true { sleep(100) }
        case "executor": _ = try Session()
        default:
            print("which of the modes?")
            exit(2)
        }
    }

    static func session(_ cluster: String) throws -> Session {
        let parts = cluster.split(separator: ":")
        let counts = parts[1].split(separator: "x").compactMap { Int($0) }
        return try Session(
            cluster: parts[0] == "processes"
                ? .processes(executors: counts[0], threadsPerExecutor: counts[1], pinned: false)
                : .embedded(executors: counts[0], threadsPerExecutor: counts[1], pinned: false))
    }

    private static func waitForDeath(executors: Int) async throws {
        let session = try Session(cluster: .processes(executors: executors, threadsPerExecutor: 1, pinned: false))
        let frame = try session.dataFrame(["x": Column((0..<10).map { Int64($0) })], rowsPerPartition: 1)
        let processes = try await frame.mapBatches(ProcessNumber()).cache().distinct().collect()
        print(try processes["process", as: Int64.self].map(String.init).joined(separator: " "))
        fflush(nil)
        while true { sleep(100) }
    }

    private static func misbehave(_ how: String, folder: String) async throws {
        let session = try Session(cluster: .processes(executors: 2, threadsPerExecutor: 1, pinned: false))
        let frame = try session.dataFrame(["x": Column((0..<40).map { Int64($0) })], rowsPerPartition: 2)
        let sum = try await frame.mapBatches(Misbehaving(how: how, mark: folder + "/done")).agg(sum("x").as("s"))
            .collect()
        print(try sum["s", as: Int64.self][0])
    }

    /// One task writes all batches of one partition; the last of them kills it.
    private static func writeWhileKilled(_ folder: String) async throws {
        let session = try Session(cluster: .processes(executors: 2, threadsPerExecutor: 1, pinned: false))
        let rows = 1_000_000
        let frame = try session.dataFrame(["x": Column((0..<rows).map { Int64($0) })], rowsPerPartition: rows)
        let killing = Misbehaving(how: "kill", mark: folder + "/done", row: Int64(rows - 1))
        try await frame.mapBatches(killing).write.csv(folder + "/out.csv")
        print(try await session.read.csv(folder + "/out.csv").count())
    }

    private static func hang(folder: String) async throws {
        var options = SessionOptions()
        options.cancellationTimeout = .milliseconds(300)
        let session = try Session(
            cluster: .processes(executors: 2, threadsPerExecutor: 1, pinned: false), options: options)
        let frame = try session.dataFrame(["x": Column((0..<40).map { Int64($0) })], rowsPerPartition: 2)
        for name in ["first", "last"] {
            let mark = "\(folder)/\(name)"
            let job = Task { try await frame.mapBatches(Misbehaving(how: "hang", mark: mark)).count() }
            while access(mark, F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
            if name == "last" { session.stop() } else { job.cancel() }
            do {
                print(try await job.value)
            } catch let error as StoaError {
                print(error.code.rawValue)
            }
            if name == "last" { return }
            print(try await frame.agg(sum("x").as("s")).collect()["s", as: Int64.self][0])
            // The executor that hung has been replaced.
            while try await session.status().executors.last?.id != 2 { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    private static func printEverywhere() async throws {
        print("a banner")
        let session = try Session(cluster: .processes(executors: 2, threadsPerExecutor: 1, pinned: false))
        let frame = try session.dataFrame(["x": Column((0..<4).map { Int64($0) })], rowsPerPartition: 1)
        _ = try await frame.mapBatches(Printing()).collect()
        session.stop()
        print("the end")
    }

    private static func leaveEarly(_ file: String) throws {
        if access(file, F_OK) == 0 {
            print("this run is the second")
            exit(3)
        }
        guard let opened = fopen(file, "w") else { exit(4) }
        fclose(opened)
        do throws(StoaError) {
            _ = try Session(cluster: .processes(executors: 1))
        } catch {
            print(error)
        }
    }
}

/// The process in which a task runs. Tasks take a while, so that all executors get some.
struct ProcessNumber: BatchFunction {
    func outputSchema(for input: Schema) throws -> Schema { Schema([Field("process", .int64, isNullable: false)]) }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        usleep(30_000)
        return try Batch(["process": Column([Int64](repeating: Int64(getpid()), count: batch.rowCount))])
    }
}

/// Prints a line a row, and one without an end to standard error.
struct Printing: BatchFunction {
    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        for value in try batch.column("x").array(of: Int64.self) {
            print("row \(value)")
            let text = "unfinished \(value)"
            _ = write(STDERR_FILENO, text, text.utf8.count)
        }
        return batch
    }
}
