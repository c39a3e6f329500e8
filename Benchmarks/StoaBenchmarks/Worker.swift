import Foundation
import Stoa

/// One engine of the suite: holds a session and the data loaded last, and answers requests one after the other.
struct Worker {
    private var session: Session?
    private var loaded: (any Workload)?

    /// The answer to a request, both one line of JSON.
    mutating func answer(_ line: String) async -> String {
        let answer: JSONValue
        do {
            let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
            answer = try await self.answer(request)
        } catch let reason as Unsupported {
            answer = .object(["unsupported": .text(reason.why)])
        } catch {
            answer = .object(["error": .text("\(error)")])
        }
        return answer.line
    }

    private mutating func answer(_ request: Request) async throws -> JSONValue {
        switch request.do {
        case "hello": return try hello(threads: request.threads)
        case "load": return try await load(request)
        case "unload":
            loaded = nil
            return .object([:])
        case "run":
            return .object(["ms": .number(try await run(request))])
        case "answer":
            return try await .checksums(of: workload().run(query(of: request)))
        case "peak": return try await peak(request)
        case "bandwidth": return .object(["gb_per_s": .number(try ReadBandwidth.measure())])
        default:
            throw WorkerError(
                "the request '\(request.do)' is none of hello, load, unload, run, answer, peak, bandwidth")
        }
    }

    private mutating func hello(threads: Int?) throws -> JSONValue {
        loaded = nil
        let allowed = try MachineDescription.current().cpuCount
        if let threads, threads < allowed {
            session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: threads))
        } else {
            session = try Session()
        }
        return .object(["engine": .text("stoa"), "version": .text(StoaVersion.current)])
    }

    private mutating func load(_ request: Request) async throws -> JSONValue {
        guard let session else { throw WorkerError("'load' came before 'hello'") }
        guard let name = request.workload, let variant = request.variant else {
            throw WorkerError("'load' names no workload or no variant")
        }
        loaded = nil
        let data = LoadRequest(variant: variant, paths: request.paths ?? [:])
        let clock = ContinuousClock()
        let start = clock.now
        let before = ProcessMemory.current().resident
        loaded = try await Workloads.load(name, data, in: session)
        let bytes = max(0, ProcessMemory.current().resident - before)
        return .object(["ms": .number((clock.now - start).milliseconds), "bytes": .number(Double(bytes))])
    }

    /// Milliseconds from the start of a query to its result in memory.
    private func run(_ request: Request) async throws -> Double {
        let (workload, query) = (try workload(), try query(of: request))
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await workload.run(query)
        let time = clock.now - start
        withExtendedLifetime(result) {}
        return time.milliseconds
    }

    private func peak(_ request: Request) async throws -> JSONValue {
        let (workload, query) = (try workload(), try query(of: request))
        try ProcessMemory.resetPeak()
        let base = ProcessMemory.current().resident
        let result = try await workload.run(query)
        let peak = ProcessMemory.current().peak
        withExtendedLifetime(result) {}
        return .object(["base_rss_mb": .number(Double(base) / 1e6), "peak_rss_mb": .number(Double(peak) / 1e6)])
    }

    private func workload() throws -> any Workload {
        guard let loaded else { throw WorkerError("nothing is loaded") }
        return loaded
    }

    private func query(of request: Request) throws -> String {
        guard let query = request.query else { throw WorkerError("'\(request.do)' names no query") }
        return query
    }
}

/// A request that the orchestrator should not have sent.
struct WorkerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension Duration {
    /// The whole duration in milliseconds.
    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
