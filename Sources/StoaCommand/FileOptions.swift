import Stoa

/// The options that tell how text files are spelled, the same for every command that reads one.
enum FileOptions {
    static let all = [
        CommandSpecification.Option(
            name: "delimiter", value: "CHARACTER", help: "field separator of CSV files, ',' unless given"),
        .init(
            name: "no-header", value: nil,
            help: "the CSV file's first record is data; columns are column_0, column_1, ..."),
        .init(
            name: "null", value: "TEXTS",
            help: "texts that mean null, separated by commas, besides the empty field; NA unless given"),
        .init(name: "types", value: "NAME=TYPE,...", help: "types in place of inference: id=utf8,price=decimal(15, 2)"),
    ]

    /// The data frame of the file that the first argument names.
    static func frame(
        _ arguments: Arguments, session: Session, command: CommandSpecification
    ) throws(UsageError) -> DataFrame {
        let path = arguments.positional[0]
        let types = try types(arguments.values["types"], command: command)
        let spelled = ["delimiter", "no-header", "null"].contains { arguments.has($0) }
        let others = [".parquet", ".arrow", ".feather", ".ipc", ".json", ".jsonl", ".ndjson"]
        if let format = others.first(where: path.hasSuffix) {
            guard !spelled else {
                throw UsageError(
                    "--delimiter, --no-header and --null are for CSV files, and '\(path)' is \(format)",
                    command: command)
            }
            return session.read.file(path, types: types)
        }
        guard spelled || path.hasSuffix(".csv") || path.hasSuffix(".tsv") else {
            return session.read.file(path, types: types)
        }
        let nulls = (arguments.values["null"] ?? "NA").split(separator: ",").map(String.init)
        return session.read.csv(
            path, types: types, delimiter: try delimiter(arguments, path: path, command: command),
            hasHeader: !arguments.has("no-header"), nullStrings: [""] + nulls)
    }

    private static func delimiter(
        _ arguments: Arguments, path: String, command: CommandSpecification
    ) throws(UsageError) -> String {
        guard let text = arguments.values["delimiter"] else { return path.hasSuffix(".tsv") ? "\t" : "," }
        let character = text == "\\t" ? "\t" : text
        guard character.utf8.count == 1 else {
            throw UsageError("--delimiter is '\(text)'; give one ASCII character, or \\t", command: command)
        }
        return character
    }

    /// `id=utf8,price=decimal(15, 2)`: commas inside parentheses belong to the type.
    private static func types(
        _ text: String?, command: CommandSpecification
    ) throws(UsageError) -> [String: DataType] {
        var types: [String: DataType] = [:]
        for part in Self.splitOutsideParentheses(text ?? "") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let type = DataType(pair[1]) else {
                throw UsageError(
                    "--types has '\(part)'; write NAME=TYPE with a type like int64, float64, utf8, bool, date32, timestamp or decimal(15, 2)",
                    command: command)
            }
            types[pair[0]] = type
        }
        return types
    }

    private static func splitOutsideParentheses(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }
}
