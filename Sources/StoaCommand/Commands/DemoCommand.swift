import Glibc
import Stoa

let demoCommand: CommandSpecification = .init(
    name: "demo", summary: "Run the main job on the flights that left New York in 2013.", arguments: [],
    options: [
        .init(name: "data", value: "FOLDER", help: "where flights.csv and airlines.csv are, .deps/data unless given")
    ]
) { arguments in
    try await Demonstration(folder: arguments.values["data"] ?? ".deps/data").run()
}

/// The main job, step by step: the machine, delays by carrier with the plan behind them, the same from a Parquet file.
struct Demonstration {
    let folder: String

    func run() async throws {
        let session = try Session(progress: .terminal)
        title("The machine")
        print(try MachineDescription.current())

        let airlines = session.read.csv("\(folder)/airlines.csv")
        let delays = Self.delays(flights: session.read.csv("\(folder)/flights.csv"), airlines: airlines)
        title("Arrival delays by carrier, from \(folder)/flights.csv")
        let (fromCSV, csvTime) = try await timed { try await delays.collect() }
        output(fromCSV)
        print("\(fromCSV.rowCount) carriers in \(csvTime)")

        title("How it was computed")
        print(try delays.explain())

        title("The same from Parquet")
        let scratch = try ScratchFolder()
        let parquet = scratch.path + "/flights.parquet"
        let (_, writeTime) = try await timed {
            try await session.read.csv("\(folder)/flights.csv").write.parquet(parquet)
        }
        print("wrote flights.parquet in \(writeTime)")
        let fromFile = Self.delays(flights: session.read.parquet(parquet), airlines: airlines)
        let (fromParquet, parquetTime) = try await timed { try await fromFile.collect() }
        guard fromParquet == fromCSV else {
            output(fromParquet)
            throw StoaError(
                .engineFailed, source: .engine, "the table from Parquet differs from the table from CSV")
        }
        print("\(fromParquet.rowCount) carriers in \(parquetTime): equal to the table from CSV, bit for bit")
    }

    /// The main query: what a user would write.
    static func delays(flights: DataFrame, airlines: DataFrame) -> DataFrame {
        flights
            .join(airlines, on: "carrier")
            .groupBy("carrier", "name")
            .agg(
                count().as("flights"), mean("arr_delay").as("mean_delay"),
                standardDeviation("arr_delay").as("std_delay"), mean("distance").as("mean_distance"),
                mean(col("arr_delay") > 15).as("share_late")
            )
            .sort(desc("mean_delay"))
    }

    private func title(_ text: String) {
        print("\n\(text)\n\(String(repeating: "═", count: Terminal.width(of: text)))")
        fflush(nil)
    }

    private func timed<Value: Sendable>(_ work: () async throws -> Value) async throws -> (Value, String) {
        let start = ContinuousClock.now
        let value = try await work()
        let time = ContinuousClock.now - start
        let milliseconds = Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15
        return (value, "\(Int(milliseconds.rounded())) ms")
    }
}

/// A folder of its own under the system's folder for temporary files, gone with the value.
private final class ScratchFolder {
    let path: String

    init() throws(StoaError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/stoa-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw StoaError(
                .inputOutputFailed, source: .environment, "no folder can be made in \(base)",
                advice: "set TMPDIR to a folder that can be written")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        unlink(path + "/flights.parquet")
        rmdir(path)
    }
}
