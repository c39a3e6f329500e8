import StoaColumns
import StoaPlan
import StoaTasks

/// Every batch through a function of the user. Its results are checked against the schema that it promised, and cut into
/// morsels; an empty batch is not handed to the function. What the function makes counts against the memory limit.
final class MapOperator: BatchSource {
    let schema: Schema
    private let morsels: MorselSource

    /// Throws when the function cannot be decoded.
    init(
        _ function: UserFunction, schema: Schema, input: any BatchSource, memory: TaskMemory
    ) throws(StoaError) {
        self.schema = schema
        let name = function.printedTypeName
        let decoded = try function.batchFunction()
        morsels = MorselSource(schema: schema) { () throws(StoaError) -> Batch? in
            while let batch = try input.next() {
                if batch.rowCount == 0 { continue }
                let result = try userCall(name) { try decoded(batch) }
                try memory.check(result, "a batch that '\(name)' returned")
                return try Self.checked(result, against: schema, of: name)
            }
            return nil
        }
    }

    func next() throws(StoaError) -> Batch? { try morsels.next() }

    /// The batch under the promised schema. Names, types and the promise of no nulls must hold; a column that is promised
    /// nullable may be without nulls.
    private static func checked(_ batch: Batch, against schema: Schema, of name: String) throws(StoaError) -> Batch {
        guard batch.schema.names == schema.names, zip(batch.columns, schema.fields).allSatisfy({ $0.type == $1.type })
        else {
            throw StoaError(
                .schemaMismatch, "the function '\(name)' returned a batch of \(batch.schema)",
                advice: "return the columns that its outputSchema promises: \(schema)")
        }
        for (column, field) in zip(batch.columns, schema.fields) where !field.isNullable && column.nullCount > 0 {
            throw StoaError(
                .nullFound,
                "the function '\(name)' returned \(column.nullCount) nulls in a column that it promises to be not null",
                advice: "promise a nullable column in outputSchema", at: .init(column: field.name))
        }
        return Batch(unchecked: schema, columns: batch.columns, rowCount: batch.rowCount)
    }
}

/// Calls code of the user. An error of its own becomes a `userFunctionFailed` that names the type; a `StoaError` stays.
func userCall<Result>(_ name: String, _ body: () throws -> Result) throws(StoaError) -> Result {
    do {
        return try body()
    } catch let error as StoaError {
        throw error
    } catch {
        throw StoaError(.userFunctionFailed, "'\(name)' failed: \(error)")
    }
}
