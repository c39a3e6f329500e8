import Dispatch
@preconcurrency import Glibc
import Stoa
import Synchronization

/// The command line `stoa`: looks at files, converts them, shows the machine, runs the demonstration.
///
/// Exit status 0 when all went well, 1 when the work failed, 2 when the command line was wrong, 128 and the signal's number after an
/// interrupt (130), a hang-up or a request to end.
/// Results go to standard output, errors to standard error in one sentence.
@main
enum StoaCommand {
    static let commands = [
        schemaCommand, headCommand, describeCommand, convertCommand, topologyCommand, demoCommand,
    ]

    static func main() async {
        Session.runExecutorIfStarted()
        let words = Array(CommandLine.arguments.dropFirst())
        let work = Task { await run(words) }
        // A signal cancels the job, so that no half-written file stays behind.
        let received = Atomic<Int32>(0)
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { @Sendable in
                received.store(number, ordering: .relaxed)
                work.cancel()
            }
            source.resume()
            return source
        }
        let status = await work.value
        for source in sources { source.cancel() }
        let number = received.load(ordering: .relaxed)
        exit(number == 0 ? outputStatus(after: status) : 128 + number)
    }

    /// The exit status, 1 when what was printed could not be written.
    private static func outputStatus(after status: Int32) -> Int32 {
        guard status == 0, fflush(stdout) != 0 || ferror(stdout) != 0 else { return status }
        complain("standard output cannot be written; the output is not complete")
        return 1
    }

    static func run(_ words: [String]) async -> Int32 {
        do {
            try await dispatch(words)
            return 0
        } catch let error as UsageError {
            complain("\(error.message)\n\(error.usage)")
            return 2
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func dispatch(_ words: [String]) async throws {
        guard let name = words.first else {
            throw UsageError("which command?", usage: "stoa COMMAND ...", help: "stoa --help")
        }
        if name == "--help" || name == "-h" || name == "help" { return print(help) }
        if name == "--version" { return print(version) }
        guard let command = commands.first(where: { $0.name == name }) else {
            let advice = NearestNames.advice(for: name, among: commands.map(\.name))
            throw UsageError("unknown command '\(name)'; \(advice)", usage: "stoa COMMAND ...", help: "stoa --help")
        }
        let rest = Array(words.dropFirst())
        if rest.contains("--help") || rest.contains("-h") { return print(command.help) }
        if rest.contains("--version") { return print(version) }
        let arguments = try Arguments(rest, for: command)
        try await command.run(arguments)
    }

    private static var version: String { "stoa \(StoaVersion.current)" }

    private static var help: String {
        """
        Stoa, a columnar compute engine: look at data files, convert them, see the machine.

        Usage: stoa COMMAND ...

        Commands:
        \(CommandSpecification.table(commands.map { ($0.name, $0.summary) }).joined(separator: "\n"))

        Files: CSV, TSV, Parquet, Arrow IPC (.arrow, .feather, .ipc), JSON lines (.json, .jsonl, .ndjson); a path may be a
        file, a glob in quotes, or a folder.

        stoa COMMAND --help tells what a command takes.
        """
    }

    private static func complain(_ text: String) {
        var line = "stoa: \(text)\n"
        line.withUTF8 { bytes in
            // When standard error is closed there is nowhere left to say so.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
