import Glibc
import Stoa
import StoaTestSupport

/// Runs jobs while their executors are killed, stopped, corrupted, starved, added and removed at random moments, and counts
/// how they end.
///
///     StoaChaos [--runs N] [--seed S] [--rows R] [--fault NAME] [--verbose]
///
/// Each run opens a session of its own with executors of its own processes, and does one of the queries. It must end with the
/// bits of the clean run or with an error that a fault explains; the driver's tables must be empty then, and no process,
/// file or descriptor may be left. A run follows from its seed but for the moments at which the machine does things: a failed
/// one is tried again with `--runs 1 --seed S`. Ends with status 1 when a run broke a promise.
@main
enum Chaos {
    static func main() async throws {
        // Executors of this program come by here, too, and stay in this call.
        Session.runExecutorIfStarted()
        signal(SIGPIPE, SIG_IGN)
        // The runtime's clock opens a descriptor at its first use, which is none that a run leaves behind.
        try await Task.sleep(for: .milliseconds(1))
        let options = ChaosOptions(CommandLine.arguments)
        let folder = try TemporaryFolder()
        // Whatever executors put among temporary files is among ours, and nobody else's is.
        setenv("TMPDIR", folder.path, 1)
        let data = try await ChaosData(rows: options.rows, folder: folder)
        var clean: [ChaosQuery: String] = [:]
        for query in ChaosQuery.allCases {
            clean[query] = try await data.cleanAnswer(of: query, .embedded(executors: 1, threadsPerExecutor: 1))
            let answer = try await data.cleanAnswer(of: query, .processes(executors: 2, threadsPerExecutor: 1))
            guard answer == clean[query] else {
                print("\(query): two processes answer \(answer), one thread \(clean[query] ?? "")")
                exit(1)
            }
        }
        print("clean answers: \(ChaosQuery.allCases.map { "\($0) \(clean[$0] ?? "")" }.joined(separator: ", "))")

        var tally = ChaosTally()
        for number in 0..<options.runs {
            let seed = options.seed + UInt64(number)
            let run = ChaosRun(seed: seed, data: data, only: options.fault)
            let record = try await run.record(clean: clean)
            tally.add(record)
            if options.isVerbose || !record.broken.isEmpty { print("run \(seed): \(record)") }
        }
        print(tally)
        if tally.brokenCount > 0 { exit(1) }
    }
}

struct ChaosOptions {
    var runs = 200
    var seed: UInt64 = 1
    var rows = 800_000
    var fault: Fault?
    var isVerbose = false

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--runs": runs = Self.number(rest.popFirst(), word)
            case "--seed": seed = UInt64(Self.number(rest.popFirst(), word))
            case "--rows": rows = Self.number(rest.popFirst(), word)
            case "--fault": fault = Self.fault(rest.popFirst())
            case "--verbose": isVerbose = true
            default: Self.fail("'\(word)' is none of --runs, --seed, --rows, --fault, --verbose")
            }
        }
    }

    private static func number(_ text: String?, _ name: String) -> Int {
        guard let text, let value = Int(text), value > 0 else { fail("\(name) needs a number above 0") }
        return value
    }

    private static func fault(_ text: String?) -> Fault {
        guard let fault = text.flatMap(Fault.init) else {
            fail("--fault is one of \(Fault.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return fault
    }

    private static func fail(_ sentence: String) -> Never {
        let line = "StoaChaos: \(sentence)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
        exit(2)
    }
}

/// What came of one run.
struct ChaosRecord: CustomStringConvertible {
    let query: ChaosQuery
    /// Faults that took place, in order.
    var faults: [Fault] = []
    /// Nil when the answer came; the error otherwise.
    var error: String?
    /// Promises that were broken; empty when all is well.
    var broken: [String] = []

    var description: String {
        let outcome = error.map { "ended with: \($0)" } ?? "answered"
        let faults = faults.isEmpty ? "no fault in time" : faults.map(\.rawValue).joined(separator: ", ")
        return "\(query) under \(faults) \(outcome)\(broken.map { "; BROKEN: \($0)" }.joined())"
    }
}

/// Counts over all runs.
struct ChaosTally: CustomStringConvertible {
    private var runs = 0
    private var answered: [ChaosQuery: Int] = [:]
    private var failed: [ChaosQuery: Int] = [:]
    private var faults: [Fault: Int] = [:]
    private var untouched = 0
    private(set) var brokenCount = 0

    mutating func add(_ record: ChaosRecord) {
        runs += 1
        if record.error == nil {
            answered[record.query, default: 0] += 1
        } else {
            failed[record.query, default: 0] += 1
        }
        for fault in record.faults { faults[fault, default: 0] += 1 }
        if record.faults.isEmpty { untouched += 1 }
        if !record.broken.isEmpty { brokenCount += 1 }
    }

    var description: String {
        var lines = ["\(runs) runs, \(brokenCount) broke a promise; \(untouched) ended before their first fault"]
        for query in ChaosQuery.allCases {
            lines.append(
                "  \(query): \(answered[query] ?? 0) with the bits of the clean run, \(failed[query] ?? 0) with an error"
            )
        }
        lines.append(
            "  faults: " + Fault.allCases.map { "\($0.rawValue) \(faults[$0] ?? 0)" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }
}
