import Stoa

private let file = (name: "FILE", help: "a data file, a glob in quotes, or a folder")

let schemaCommand: CommandSpecification = .init(
    name: "schema", summary: "Show the names and types of a file's columns.", arguments: [file],
    options: FileOptions.all
) { arguments in
    let session = try Session()
    let schema = try FileOptions.frame(arguments, session: session, command: schemaCommand).schema
    let names = Column(schema.names)
    let types = Column(schema.fields.map { "\($0.type)" })
    let nullable = Column(schema.fields.map { $0.isNullable ? "yes" : "no" })
    let batch = try Batch(["column": names, "type": types, "nullable": nullable])
    output(ResultTable(schema: batch.schema, batches: [batch]))
}

let headCommand: CommandSpecification = .init(
    name: "head", summary: "Show the first rows of a file.", arguments: [file],
    options: [.init(name: "rows", value: "NUMBER", help: "rows to show, 10 unless given")] + FileOptions.all
) { arguments in
    let count = try arguments.number("rows", default: 10, minimum: 0, command: headCommand)
    let session = try Session(progress: .terminal)
    let frame = try FileOptions.frame(arguments, session: session, command: headCommand)
    output(try await frame.limit(count).collect(), rowLimit: count)
}

let describeCommand: CommandSpecification = .init(
    name: "describe", summary: "Summarise every column of a file: counts, nulls, mean, deviation, range.",
    arguments: [file], options: FileOptions.all
) { arguments in
    let session = try Session(progress: .terminal)
    let frame = try FileOptions.frame(arguments, session: session, command: describeCommand)
    output(try await frame.describe())
}

let convertCommand: CommandSpecification = .init(
    name: "convert", summary: "Convert a file to another format, by the extensions.",
    arguments: [
        (name: "IN", help: "a data file, a glob in quotes, or a folder"),
        (name: "OUT", help: "the new file: .csv, .parquet or .arrow; it appears complete or not at all"),
    ], options: FileOptions.all
) { arguments in
    let session = try Session(progress: .terminal)
    let frame = try FileOptions.frame(arguments, session: session, command: convertCommand)
    try await frame.write.file(arguments.positional[1])
}

let topologyCommand: CommandSpecification = .init(
    name: "topology",
    summary: "Show the machine (core groups, CPUs, memory nodes, libraries) and the options in force.", arguments: [],
    options: []
) { _ in
    print("\(try MachineDescription.current())\n\n\(try SessionConfiguration())")
}

/// A table on standard output, all rows unless limited, fitted when that is a terminal.
func output(_ table: ResultTable, rowLimit: Int = .max) {
    print(table.formatted(rowLimit: rowLimit, width: Terminal.width(of: .standardOutput)))
}
