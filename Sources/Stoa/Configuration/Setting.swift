import StoaColumns
import StoaCoreGroups

/// One option of a session: how it is called in code and in the environment, what it may be, what it is by default.
///
/// A new option is a property of `SessionOptions` (or of its `cluster`) and a row of `Setting.all`; everything else follows:
/// its environment variable, its checks, the tables of `session.configuration` and `stoa topology`.
struct Setting: Sendable {
    /// The property's name in `SessionOptions`, or in its `cluster`.
    let name: String
    /// `STOA_` and the same in capitals.
    let variable: String
    let help: String
    /// The value that was given, as text; nil when none was.
    let given: @Sendable (SessionOptions) -> String?
    /// Takes a text from the environment.
    let read: @Sendable (String, inout SessionOptions) throws(StoaError) -> Void
    /// Checks the value that was given, if any; the text is what to call it in an error.
    let check: @Sendable (SessionOptions, String) throws(StoaError) -> Void
    /// Sets the default where nothing was given, if the default is a value; its text otherwise.
    let fill: @Sendable (inout SessionOptions) -> String

    /// - Parameters:
    ///   - standard: the value that is in force when none is given; nil when it depends on the machine.
    ///   - standardText: what to print for a default that depends on the machine.
    ///   - isPossible: whether a value can be meant.
    ///   - possible: what to advise about one that cannot.
    init<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<SessionOptions, Value?> & Sendable, standard: Value? = nil,
        standardText: String = "", help: String, possible: String = "",
        isPossible: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) {
        let variable = Self.variable(of: name)
        self.name = name
        self.variable = variable
        self.help = help
        given = { $0[keyPath: path]?.configurationText }
        read = { text, options throws(StoaError) in
            guard let value = Value(configurationText: text) else {
                throw StoaError(
                    .invalidArgument, "\(variable) is '\(text)'",
                    advice: possible.isEmpty ? Value.advice(for: text) : "give \(possible)")
            }
            options[keyPath: path] = value
        }
        check = { options, called throws(StoaError) in
            guard let value = options[keyPath: path], !isPossible(value) else { return }
            throw StoaError(
                .invalidArgument, "\(called) is \(value.configurationText)", advice: "give \(possible)")
        }
        fill = { options in
            if options[keyPath: path] == nil { options[keyPath: path] = standard }
            return options[keyPath: path]?.configurationText ?? standardText
        }
    }

    /// `resultLimit` is `STOA_RESULT_LIMIT`.
    private static func variable(of name: String) -> String {
        var variable = "STOA_"
        for letter in name {
            if letter.isUppercase { variable.append("_") }
            variable += letter.uppercased()
        }
        return variable
    }
}

extension Setting {
    /// The options of a session, in the order in which they are printed.
    static let all: [Setting] = [
        Setting("cluster", \.cluster.kind, standard: .embedded, help: "where the executors come from"),
        Setting(
            "executors", \.cluster.executors, standardText: "one per core group", help: "executors to start",
            possible: "a whole number from 1 to 1024", isPossible: (1...1024).contains),
        Setting(
            "threadsPerExecutor", \.cluster.threadsPerExecutor, standardText: "one per CPU",
            help: "task threads of each executor", possible: "a whole number from 1 to 1024",
            isPossible: (1...1024).contains),
        Setting(
            "coreGroups", \.cluster.coreGroups, standard: .memoryNodes,
            help: "what makes CPUs a core group, and so an executor"),
        Setting("pinning", \.cluster.pinning, standard: true, help: "whether task threads stay on their CPUs"),
        Setting(
            "executorMemory", \.executorMemory, standardText: "three fifths of the memory, shared by all",
            help: "most bytes of tasks and blocks of an executor",
            possible: "bytes, from 16 MiB on, as in 512 MiB or 4 GiB",
            isPossible: { $0.bytes >= CoreGroupOptions.leastExecutorMemory }),
        Setting(
            "spillFolder", \.spillFolder, standardText: "that of temporary files",
            help: "the folder for what does not fit the memory"),
        Setting(
            "resultLimit", \.resultLimit, standard: .gibibytes(4), help: "most bytes that collect brings together",
            possible: "bytes, from 0 on, as in 512 MiB or 4 GiB", isPossible: { $0.bytes >= 0 }),
        Setting(
            "maximumAttempts", \.maximumAttempts, standard: 4, help: "how often a task is tried before its job fails",
            possible: "a whole number from 1 to 100", isPossible: (1...100).contains),
        Setting(
            "speculation", \.speculation, standardText: "with processes",
            help: "whether slow tasks are tried a second time elsewhere"),
        Setting(
            "heartbeatTimeout", \.heartbeatTimeout, standard: .seconds(5),
            help: "how long an executor's process may be silent", possible: "a time from 500 ms to 24 h",
            isPossible: { $0 >= .milliseconds(500) && $0 <= .seconds(86_400) }),
        Setting(
            "cancellationTimeout", \.cancellationTimeout, standard: .seconds(5),
            help: "how long a cancelled task may go on before its executor is replaced",
            possible: "a time from 100 ms to 24 h",
            isPossible: { $0 >= .milliseconds(100) && $0 <= .seconds(86_400) }),
        Setting(
            "minimumExecutors", \.minimumExecutors, standard: 1, help: "fewest executors, with maximumExecutors",
            possible: "a whole number from 1 to 1024", isPossible: (1...1024).contains),
        Setting(
            "maximumExecutors", \.maximumExecutors, standardText: "none",
            help: "most executors, when they come and go by what there is to do",
            possible: "a whole number from 1 to 1024", isPossible: (1...1024).contains),
        Setting(
            "executorIdleTime", \.executorIdleTime, standard: .seconds(60),
            help: "how long an executor has nothing to do before it leaves, with maximumExecutors",
            possible: "a time from 1 ms to 24 h",
            isPossible: { $0 >= .milliseconds(1) && $0 <= .seconds(86_400) }),
        Setting("progress", \.progress, standard: ProgressDisplay.none, help: "how the progress of jobs is shown"),
        Setting("eventLog", \.eventLog, standardText: "none", help: "a file for what happens, an event a line"),
        Setting("trace", \.trace, standardText: "none", help: "a file for what threads did when, for Perfetto"),
    ]

    /// Variables that begin with `STOA_` and are no options of a session: of Stoa's build, of its executors, of its tests.
    static let otherVariables: Set<String> = ["STOA_ARCH", "STOA_EXECUTOR", "STOA_UPDATE_GOLDENS"]
}
