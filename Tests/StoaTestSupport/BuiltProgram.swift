import Foundation

/// A program, run as a user runs it.
package struct BuiltProgram {
    /// The package's folder.
    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static let stoa = BuiltProgram(name: "stoa")
    package static let gradientDescent = BuiltProgram(name: "GradientDescent")
    package static let benchmarks = BuiltProgram(name: "StoaBenchmarks")
    /// A user's program, for sessions whose executors are processes.
    package static let processFixture = BuiltProgram(name: "StoaProcessFixture")
    /// Jobs whose executors are killed, stopped and starved.
    package static let chaos = BuiltProgram(name: "StoaChaos")
    /// The Python of the test peers, which `make test` prepares.
    package static let python = BuiltProgram(url: root.appendingPathComponent(".deps/venv/bin/python"))
    /// Any program of the search path, by its first argument.
    package static let environment = BuiltProgram(url: URL(fileURLWithPath: "/usr/bin/env"))

    private let url: URL

    package var path: String { url.path }

    /// The program at a place of its own.
    package init(url: URL) { self.url = url }

    /// The program of that name that this build made, beside the test bundle.
    private init(name: String) {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        url = bundle.deletingLastPathComponent().appendingPathComponent(name)
    }

    package struct Outcome {
        package let status: Int32
        package let output: String
        package let errors: String
        package let time: Duration
    }

    /// Runs the program to its end.
    package func run(_ arguments: [String], folder: URL = BuiltProgram.root) throws -> Outcome {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // Files instead of pipes: nothing blocks however much the program prints.
        let scratch = try TemporaryFolder()
        let (output, errors) = (try scratch.write("", to: "output"), try scratch.write("", to: "errors"))
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8), time: ContinuousClock.now - start)
    }
}
