import Stoa

/// Data in the form of one variant, and the queries over it. `Perf/suite/workloads.py` says what each query means.
protocol Workload: Sendable {
    /// Runs a query; its result is in memory when this returns.
    func run(_ query: String) async throws -> ResultTable
}

/// What this engine cannot do, and why.
struct Unsupported: Error {
    let why: String

    init(_ why: String) { self.why = why }
}

/// What to load and how to hold it.
struct LoadRequest {
    let variant: String
    let paths: [String: String]

    /// The path of the file that the request calls `name`.
    func path(_ name: String) throws -> String {
        guard let path = paths[name] else { throw WorkerError("'load' has no path '\(name)'") }
        return path
    }

    /// The Parquet file as a data frame: kept in memory, or read by every query in the variant `parquet`.
    func frame(_ name: String, of columns: [String]? = nil, in session: Session) async throws -> DataFrame {
        var file = session.read.parquet(try path(name))
        if let columns { file = file.select(columns) }
        if variant == "parquet" { return file }
        let held = file.cache()
        _ = try await held.count()
        return held
    }
}

/// The workloads by name.
enum Workloads {
    static func load(_ name: String, _ data: LoadRequest, in session: Session) async throws -> any Workload {
        switch name {
        case "scalars": Scalars(frame: try await data.frame("table", in: session))
        case "groupby": GroupBy(frame: try await data.frame("table", in: session))
        case "fused": FusedExpressions(frame: try await data.frame("table", in: session))
        case "tpch": TPCH(lineItems: try await data.frame("lineitem", of: TPCH.columns, in: session))
        case "scan": Scans(session: session, csv: try data.path("csv"), parquet: try data.path("parquet"))
        case "stages": try StageOverhead(session: session, file: data.path("csv"))
        case "skew": Skew(frame: try await data.frame("table", in: session))
        case "rows": try ManyRows(session: session)
        case "exchange": try await Exchanges(data, executors: try session.threadCount)
        default: throw Unsupported("there is no workload '\(name)'")
        }
    }
}

/// A workload whose queries are data frames.
protocol FrameWorkload: Workload {
    /// The query as a data frame; nil when there is none of that name.
    func frame(of query: String) throws -> DataFrame?
}

extension FrameWorkload {
    func run(_ query: String) async throws -> ResultTable { try await collect(query) }

    /// The rows of the query's data frame.
    func collect(_ query: String) async throws -> ResultTable {
        guard let frame = try frame(of: query) else { throw Unsupported("there is no query '\(query)'") }
        return try await frame.collect()
    }
}

extension Session {
    /// The task threads of all executors of this process.
    fileprivate var threadCount: Int {
        get throws { try configuration.options.cluster.threadsPerExecutor ?? MachineDescription.current().cpuCount }
    }
}
