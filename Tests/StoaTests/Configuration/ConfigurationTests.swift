import Stoa
import Testing

/// Options come from the program, the environment and the defaults, in this order; what cannot be meant is an error that
/// says what can.
@Suite struct ConfigurationTests {
    private func resolve(
        _ environment: [String: String], _ change: (inout SessionOptions) -> Void = { _ in }
    ) throws -> SessionConfiguration {
        var options = SessionOptions()
        change(&options)
        return try SessionConfiguration(options, environment: environment)
    }

    private func entry(_ name: String, of configuration: SessionConfiguration) throws -> SessionConfiguration.Entry {
        try #require(configuration.entries.first { $0.name == name })
    }

    @Test func defaultsAreTold() throws {
        let configuration = try resolve(["PATH": "/bin", "STOA_ARCH": "native", "STOA_EXECUTORS": ""])
        #expect(configuration.entries.allSatisfy { $0.source == .standard && !$0.value.isEmpty && !$0.help.isEmpty })
        #expect(configuration.options.resultLimit == .gibibytes(4))
        #expect(try entry("resultLimit", of: configuration).value == "4 GiB")
        #expect(configuration.options.cluster.executors == nil)
        #expect(try entry("executors", of: configuration).value == "one per core group")
        #expect(Set(configuration.entries.map(\.variable)).count == configuration.entries.count)
    }

    @Test func theProgramGoesBeforeTheEnvironment() throws {
        let environment = [
            "STOA_EXECUTORS": "3", "STOA_THREADS_PER_EXECUTOR": "2", "STOA_RESULT_LIMIT": "1.5 GiB",
            "STOA_PROGRESS": "Terminal", "STOA_PINNING": "off", "STOA_CORE_GROUPS": "lastLevelCaches",
        ]
        let configuration = try resolve(environment) {
            $0.cluster = .embedded(executors: 5)
            $0.progress = ProgressDisplay.none
        }
        #expect(configuration.options.cluster.executors == 5)
        #expect(configuration.options.cluster.threadsPerExecutor == 2)
        #expect(configuration.options.cluster.coreGroups == .lastLevelCaches)
        #expect(configuration.options.cluster.pinning == false)
        #expect(configuration.options.resultLimit == .gibibytes(1.5))
        #expect(configuration.options.progress == ProgressDisplay.none)
        for (name, source) in [
            ("cluster", SessionConfiguration.Source.code), ("executors", .code), ("threadsPerExecutor", .environment),
            ("resultLimit", .environment), ("progress", .code), ("maximumAttempts", .standard),
        ] {
            #expect(try entry(name, of: configuration).source == source, "\(name)")
        }
    }

    /// What is printed for an option can be given for it.
    @Test func valuesReadWhatTheyPrint() throws {
        let first = try resolve([:])
        // Without a value: what the machine decides, and files that are not written.
        let others = [
            "executors", "threadsPerExecutor", "executorMemory", "spillFolder", "speculation", "maximumExecutors",
            "eventLog",
            "trace",
        ]
        let values = first.entries.filter { !others.contains($0.name) }
        #expect(values.count >= 5)
        let second = try resolve(Dictionary(uniqueKeysWithValues: values.map { ($0.variable, $0.value) }))
        #expect(second.options == first.options)
        #expect(second.entries.map(\.value) == first.entries.map(\.value))
    }

    @Test func unknownVariablesOfferTheNearest() throws {
        let error = #expect(throws: StoaError.self) { try resolve(["STOA_EXECUTERS": "3"]) }
        #expect(error?.code == .unknownName)
        #expect(error?.description.contains("'STOA_EXECUTERS'") == true)
        #expect(error?.description.contains("did you mean 'STOA_EXECUTORS'") == true, "\(error as Any)")
        #expect(error?.description.contains("'STOA_RESULT_LIMIT'") == true)
        _ = try resolve(["STOAX": "1", "MY_STOA_EXECUTERS": "3"])
    }

    @Test(
        arguments: [
            ("STOA_EXECUTORS", "many", "whole number from 1 to 1024"), ("STOA_EXECUTORS", "0", "from 1 to 1024"),
            ("STOA_EXECUTORS", "-1", "from 1 to 1024"), ("STOA_THREADS_PER_EXECUTOR", "5000", "from 1 to 1024"),
            ("STOA_CLUSTER", "embeded", "did you mean 'embedded'"), ("STOA_RESULT_LIMIT", "much", "512 MiB"),
            ("STOA_RESULT_LIMIT", "-4 GiB", "512 MiB"), ("STOA_PINNING", "maybe", "on or off"),
            ("STOA_PROGRESS", "bar", "'terminal'"), ("STOA_MAXIMUM_ATTEMPTS", "0", "from 1 to 100"),
        ])
    func impossibleValuesNameTheVariable(variable: String, value: String, advice: String) throws {
        let error = #expect(throws: StoaError.self) { try resolve([variable: value]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains(variable) == true && error?.description.contains(value) == true)
        #expect(error?.description.contains(advice) == true, "\(error as Any)")
    }

    @Test func impossibleValuesInCodeNameTheOption() throws {
        let error = #expect(throws: StoaError.self) {
            try Session(cluster: .embedded(executors: 0))
        }
        #expect(error?.description == "executors is 0; give a whole number from 1 to 1024")
        var options = SessionOptions()
        options.resultLimit = .bytes(-1)
        let limit = #expect(throws: StoaError.self) { try Session(options: options) }
        #expect(limit?.description.contains("resultLimit is -1 B") == true)
    }

    @Test func theFewestExecutorsAreNotMoreThanTheMost() throws {
        let error = #expect(throws: StoaError.self) {
            try resolve(["STOA_MINIMUM_EXECUTORS": "3", "STOA_MAXIMUM_EXECUTORS": "2"])
        }
        #expect(error?.description.contains("minimumExecutors is 3, maximumExecutors is 2") == true)
        _ = try resolve(["STOA_MAXIMUM_EXECUTORS": "2", "STOA_EXECUTOR_IDLE_TIME": "5 s"])
    }

    @Test func theTableLinesUp() throws {
        let text = try resolve(["STOA_EXECUTORS": "3"]).description
        let lines = text.split(separator: "\n")
        let column = try #require(lines[0].range(of: "variable")?.lowerBound)
        let offset = lines[0].distance(from: lines[0].startIndex, to: column)
        #expect(lines.count == (try resolve([:])).entries.count + 1)
        for line in lines.dropFirst() {
            #expect(line.dropFirst(offset).hasPrefix("STOA_"), "\(line)")
            #expect(line.count <= 120 && line.last != " ")
        }
        #expect(text.contains(/executors +3 +environment +STOA_EXECUTORS/))
    }

    @Test func aSessionTellsItsOptions() throws {
        var options = SessionOptions()
        options.maximumAttempts = 2
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1), options: options)
        #expect(session.configuration.options.cluster.executors == 1)
        #expect(try entry("maximumAttempts", of: session.configuration).source == .code)
        #expect(session.configuration.options.maximumAttempts == 2)
    }

    @Test func timesAreReadAndPrinted() {
        for (text, duration) in [
            ("500 ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("2 min", .seconds(120)),
            ("1.5 s", .milliseconds(1500)), ("3 h", .seconds(10_800)), ("20us", .microseconds(20)), ("0 s", .zero),
        ] {
            #expect(Duration(configurationText: text) == duration)
            #expect(Duration(configurationText: duration.configurationText) == duration)
        }
        for text in ["", "10", "ten s", "5 weeks", "-1 s", "1e3 s"] {
            #expect(Duration(configurationText: text) == nil)
        }
    }
}
