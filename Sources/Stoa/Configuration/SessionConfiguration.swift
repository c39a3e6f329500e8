import Glibc
import StoaColumns

/// The options of a session that are in force, and where each came from. Prints as a table.
public struct SessionConfiguration: Sendable {
    /// Who has chosen a value.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// Nobody: it is what Stoa takes unless told otherwise.
        case standard = "default"
        /// An environment variable.
        case environment
        /// The program, which goes before the environment.
        case code
    }

    /// One option.
    public struct Entry: Hashable, Sendable {
        /// The name of the property of `SessionOptions`, or of its `cluster`.
        public let name: String
        /// The value in force, as an environment variable would spell it; words for what depends on the machine.
        public let value: String
        /// Who chose it.
        public let source: Source
        /// The environment variable that sets the option.
        public let variable: String
        /// What the option is about.
        public let help: String
    }

    /// All options.
    public let entries: [Entry]
    /// The values in force; nil where the machine decides.
    public let options: SessionOptions

    /// The options that a session of this process would have: those given, then the environment's, then the defaults.
    ///
    /// Throws `unknownName` for a variable that begins with `STOA_` and is no option, and `invalidArgument` for values that
    /// cannot be meant; each says what would be right.
    public init(_ given: SessionOptions = SessionOptions()) throws(StoaError) {
        try self.init(given, environment: Self.processEnvironment())
    }

    /// The same with another environment; an empty variable is none.
    package init(_ given: SessionOptions, environment: [String: String]) throws(StoaError) {
        let environment = environment.filter { $0.key.hasPrefix("STOA_") && !$0.value.isEmpty }
        try Self.checkNames(environment)
        var options = given
        var entries: [Entry] = []
        for setting in Setting.all {
            var source = Source.code
            if setting.given(given) == nil {
                source = environment[setting.variable] == nil ? .standard : .environment
                if let text = environment[setting.variable] { try setting.read(text, &options) }
            }
            try setting.check(options, source == .environment ? setting.variable : setting.name)
            entries.append(
                Entry(
                    name: setting.name, value: setting.fill(&options), source: source, variable: setting.variable,
                    help: setting.help))
        }
        if let most = options.maximumExecutors, let fewest = options.minimumExecutors, fewest > most {
            throw StoaError(
                .invalidArgument, "minimumExecutors is \(fewest), maximumExecutors is \(most)",
                advice: "give a maximum from the minimum on")
        }
        self.entries = entries
        self.options = options
    }

    /// The value of an option that has a default.
    func value<Value>(_ option: KeyPath<SessionOptions, Value?>) -> Value {
        guard let value = options[keyPath: option] else {
            preconditionFailure("the option has no default that is a value")
        }
        return value
    }

    private static func checkNames(_ environment: [String: String]) throws(StoaError) {
        let known = Setting.all.map(\.variable)
        let names = Setting.otherVariables.union(known)
        guard let unknown = environment.keys.filter({ !names.contains($0) }).min() else { return }
        throw StoaError(
            .unknownName, "the environment variable '\(unknown)' is no option of Stoa",
            advice: NearestNames.advice(for: unknown, among: known))
    }

    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }
}

extension SessionConfiguration: CustomStringConvertible {
    /// A line an option: its name, its value, where that came from, and the variable that sets it.
    public var description: String {
        let rows =
            [["option", "value", "from", "variable"]]
            + entries.map { [$0.name, $0.value, $0.source.rawValue, $0.variable] }
        let widths = (0..<4).map { column in rows.map { Terminal.width(of: $0[column]) }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (text, width) in zip(row, widths) {
                line += text + String(repeating: " ", count: width - Terminal.width(of: text) + 2)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
