import Foundation
import StoaTestSupport
import Testing

/// Every command and every snippet of the README does what it says.
@Suite(.serialized) struct ReadmeTests {
    static let readme = try? String(contentsOf: BuiltProgram.root.appendingPathComponent("README.md"), encoding: .utf8)

    /// The fenced blocks of one language, in order.
    static func blocks(_ language: String) throws -> [String] {
        let text = try #require(readme)
        return text.components(separatedBy: "\n```").compactMap { part in
            part.hasPrefix(language + "\n") ? String(part.dropFirst(language.count + 1)) : nil
        }
    }

    private func run(_ words: [String], in folder: URL) throws -> BuiltProgram.Outcome {
        try BuiltProgram.environment.run(words, folder: folder)
    }

    @Test func makeVerbsExist() throws {
        let lines = try Self.blocks("sh").flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix("make ") }
        #expect(lines.count >= 2)
        for line in lines {
            let outcome = try run(
                ["make", "-n"] + line.split(separator: " ").dropFirst().map(String.init), in: BuiltProgram.root)
            #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        }
    }

    @Test func commandsRun() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent(".deps"),
            withDestinationURL: BuiltProgram.root.appendingPathComponent(".deps"))
        let prefix = "swift run -c release stoa "
        let lines = try Self.blocks("sh").flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix(prefix) }
        #expect(lines.count >= 4)
        for line in lines {
            let words = line.dropFirst(prefix.count).split(separator: " ").map(String.init)
            let outcome = try BuiltProgram.stoa.run(words, folder: folder.url)
            #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        }
    }

    /// Builds the README's package for each program in it, and runs it.
    @Test func programsCompileAndRun() throws {
        let swift = try Self.blocks("swift")
        let manifest = try #require(swift.first { $0.contains("import PackageDescription") })
        let programs = swift.filter { !$0.contains("import PackageDescription") }
        #expect(programs.count == 6)
        let folder = try TemporaryFolder()
        let sources = folder.url.appendingPathComponent("delays/Sources/Delays")
        try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("stoa"), withDestinationURL: BuiltProgram.root)
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("delays/flights.csv"),
            withDestinationURL: BuiltProgram.root.appendingPathComponent(".deps/data/flights.csv"))
        let package = folder.url.appendingPathComponent("delays")
        try manifest.write(to: package.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
        let words = ["most delayed", "10.75", "5.0", "sum of roots: 666666166.0", "1 jobs in the log"]
        for (program, expected) in zip(programs, words) {
            try program.write(to: sources.appendingPathComponent("main.swift"), atomically: true, encoding: .utf8)
            let outcome = try run(["swift", "run", "Delays"], in: package)
            #expect(outcome.status == 0, "\(outcome.errors)\n\(outcome.output.suffix(2_000))")
            #expect(outcome.output.contains(expected), "\(outcome.output)")
        }
    }
}
