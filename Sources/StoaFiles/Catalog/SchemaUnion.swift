import StoaColumns
import StoaPlan

/// One schema for the files of a scan.
enum SchemaUnion {
    /// The schema of all files together, with the types that the user gave.
    ///
    /// Columns must have the same names in the same order in all files. Types that files state must agree exactly.
    /// Types inferred from text give way: int64 to float64, date32 to timestamp, anything else that differs to utf8, as
    /// they would within one file. A column is nullable when it is in some file.
    static func schema(of files: [FileInspection], types: [String: DataType]) throws(StoaError) -> Schema {
        guard let first = files.first else { preconditionFailure("a scan of no files") }
        var columns = first.columns
        for file in files.dropFirst() {
            let others = file.columns
            try checkNames(others.map(\.name), in: file, against: columns.map(\.name), in: first)
            for (index, other) in others.enumerated() {
                columns[index].isNullable = columns[index].isNullable || other.isNullable
                guard columns[index].type != other.type, types[other.name] == nil else { continue }
                guard file.isInferred else {
                    throw StoaError(
                        .schemaMismatch,
                        "the column is \(describe(other.type)), in '\(first.key.path)' it is "
                            + describe(columns[index].type),
                        advice: "read the files apart and cast before a union",
                        at: .init(file: file.key.path, column: other.name))
                }
                columns[index].type = joined(columns[index].type, other.type)
            }
        }
        return try overridden(
            Schema(columns.map { Field($0.name, $0.type ?? .utf8, isNullable: $0.isNullable) }), types: types,
            first: first)
    }

    private static func overridden(
        _ schema: Schema, types: [String: DataType], first: FileInspection
    ) throws(StoaError) -> Schema {
        var schema = schema
        for (name, type) in types.sorted(by: { $0.key < $1.key }) {
            let index: Int
            do {
                index = try schema.index(of: name)
            } catch {
                // Objects of a JSON file may first hold a column after the sample.
                guard case .json = first.content, error.code == .unknownColumn else {
                    throw error.located(.init(file: first.key.path))
                }
                schema.fields.append(Field(name, type))
                continue
            }
            guard first.isInferred || schema.fields[index].type == type else {
                throw StoaError(
                    .invalidArgument, "the file states the type \(schema.fields[index].type), not \(type)",
                    advice: "leave the type away and cast the column",
                    at: .init(file: first.key.path, column: name))
            }
            schema.fields[index].type = type
        }
        return schema
    }

    private static func checkNames(
        _ names: [String], in file: FileInspection, against expected: [String], in first: FileInspection
    ) throws(StoaError) {
        if names == expected { return }
        let place = zip(names, expected).enumerated().first { $0.element.0 != $0.element.1 }
        let message =
            if let place {
                "column \(place.offset + 1) is '\(place.element.0)', in '\(first.key.path)' it is '\(place.element.1)'"
            } else {
                "there are \(names.count) columns, in '\(first.key.path)' there are \(expected.count)"
            }
        throw StoaError(
            .schemaMismatch, message, advice: "files that are read together have the same columns in the same order",
            at: .init(file: file.key.path, column: place?.element.0))
    }

    private static func describe(_ type: DataType?) -> String { type.map { "\($0)" } ?? "all null" }

    private static func joined(_ left: DataType?, _ right: DataType?) -> DataType? {
        guard let left else { return right }
        guard let right else { return left }
        return switch (left, right) {
        case (.int64, .float64), (.float64, .int64): .float64
        case (.date32, .timestamp(nil)), (.timestamp(nil), .date32): .timestamp
        default: .utf8
        }
    }
}
