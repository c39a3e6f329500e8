import Stoa

/// A subcommand: what it takes, what its help says, what it does.
struct CommandSpecification: Sendable {
    /// An option that takes a value, or a flag that takes none.
    struct Option: Sendable {
        let name: String
        /// What the value is, in the help; nil for a flag.
        let value: String?
        let help: String
    }

    let name: String
    let summary: String
    /// Names of the positional arguments, all required.
    let arguments: [(name: String, help: String)]
    let options: [Option]
    let run: @Sendable (Arguments) async throws -> Void

    var usage: String {
        (["stoa", name] + arguments.map(\.name) + (options.isEmpty ? [] : ["[options]"])).joined(separator: " ")
    }

    var help: String {
        var lines = [summary, "", "Usage: \(usage)"]
        if !arguments.isEmpty {
            lines += ["", "Arguments:"] + Self.table(arguments.map { ($0.name, $0.help) })
        }
        let all = options.map { option in
            (option.value.map { "--\(option.name) \($0)" } ?? "--\(option.name)", option.help)
        }
        lines +=
            ["", "Options:"] + Self.table(all + [("--help", "show this help"), ("--version", "show the version")])
        return lines.joined(separator: "\n")
    }

    static func table(_ rows: [(String, String)]) -> [String] {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
    }
}

/// The words after the subcommand, checked against its specification.
struct Arguments: Sendable {
    private(set) var positional: [String] = []
    private(set) var values: [String: String] = [:]

    /// Throws `UsageError` for unknown options, missing values, too few or too many arguments.
    init(_ words: [String], for command: CommandSpecification) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                positional.append(word)
                continue
            }
            let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = command.options.first(where: { $0.name == name }) else {
                let names = command.options.map { "--\($0.name)" } + ["--help", "--version"]
                throw UsageError(
                    "unknown option '\(word.prefix { $0 != "=" })'; \(NearestNames.advice(for: "--\(name)", among: names))",
                    command: command)
            }
            if option.value == nil {
                guard parts.count == 1 else { throw UsageError("--\(name) takes no value", command: command) }
                values[name] = ""
            } else if parts.count == 2 {
                values[name] = String(parts[1])
            } else if let value = rest.popFirst() {
                values[name] = value
            } else {
                throw UsageError("--\(name) needs a value: --\(name) \(option.value ?? "")", command: command)
            }
        }
        if positional.count < command.arguments.count {
            let missing = command.arguments[positional.count]
            throw UsageError("\(missing.name) is missing: \(missing.help)", command: command)
        }
        if positional.count > command.arguments.count {
            throw UsageError("'\(positional[command.arguments.count])' is one argument too many", command: command)
        }
    }

    func has(_ flag: String) -> Bool { values[flag] != nil }

    /// A whole number from `minimum` on.
    func number(_ name: String, default value: Int, minimum: Int, command: CommandSpecification) throws(UsageError)
        -> Int
    {
        guard let text = values[name] else { return value }
        guard let number = Int(text), number >= minimum else {
            throw UsageError("--\(name) is '\(text)'; give a whole number from \(minimum) on", command: command)
        }
        return number
    }
}

/// The command line was wrong: exit status 2.
struct UsageError: Error {
    let message: String
    let usage: String

    init(_ message: String, command: CommandSpecification) {
        self.init(message, usage: command.usage, help: "stoa \(command.name) --help")
    }

    init(_ message: String, usage: String, help: String) {
        self.message = message
        self.usage = "usage: \(usage) (more: \(help))"
    }
}
