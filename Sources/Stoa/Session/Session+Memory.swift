import StoaColumns
import StoaDriver
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks

extension Session {
    /// Rows of a partition of data given in memory, unless the caller says otherwise: a whole number of sum leaves, small
    /// enough that every thread finds work, large enough that a task outweighs its scheduling.
    public static let defaultRowsPerPartition = 262_144

    /// A data frame over batches in memory, shared without a copy. All batches need the schema of the first.
    ///
    /// Partitions are cut every `rowsPerPartition` rows and at the batches' borders, so they follow from the data alone.
    /// Throws `schemaMismatch` when the schemas differ, `invalidArgument` without a batch.
    public func dataFrame(
        _ batches: [Batch], rowsPerPartition: Int = Session.defaultRowsPerPartition
    ) throws(StoaError) -> DataFrame {
        guard let first = batches.first else {
            throw StoaError(
                .invalidArgument, "a data frame of no batches has no schema",
                advice: "give one batch, which may have no rows")
        }
        guard rowsPerPartition > 0 else {
            throw StoaError(
                .invalidArgument, "rowsPerPartition is \(rowsPerPartition)", advice: "give a number above 0")
        }
        let schema = try commonSchema(of: batches, first: first.schema)
        var partitions: [Batch] = []
        for batch in batches where batch.rowCount > 0 {
            for start in stride(from: 0, to: batch.rowCount, by: rowsPerPartition) {
                partitions.append(batch.slice(start..<min(start + rowsPerPartition, batch.rowCount)))
            }
        }
        if partitions.isEmpty { partitions = [first] }
        return try hold(partitions, schema: schema)
    }

    /// A data frame of named columns in memory, shared without a copy.
    ///
    /// Throws `schemaMismatch` when the columns' lengths differ or two share a name.
    public func dataFrame(
        _ columns: KeyValuePairs<String, Column>, rowsPerPartition: Int = Session.defaultRowsPerPartition
    ) throws(StoaError) -> DataFrame {
        try dataFrame([Batch(columns)], rowsPerPartition: rowsPerPartition)
    }

    /// A data frame of the batches of an `ArrowArrayStream` (Arrow C Stream Interface), imported without a copy where the
    /// layouts agree.
    ///
    /// The stream at `stream` is taken over, read to its end and released. Throws what its producer reports, and
    /// `unsupported` for types that Stoa has none for.
    public func dataFrame(
        importing stream: UnsafeMutableRawPointer, options: ArrowImportOptions = ArrowImportOptions(),
        rowsPerPartition: Int = Session.defaultRowsPerPartition
    ) throws(StoaError) -> DataFrame {
        let arrow = try ArrowStream(importing: stream, options: options)
        var batches: [Batch] = []
        while let batch = try arrow.next() { batches.append(batch) }
        if batches.isEmpty {
            let columns = arrow.schema.fields.map { Column.nulls($0.type, count: 0) }
            batches = [Batch(unchecked: arrow.schema, columns: columns, rowCount: 0)]
        }
        return try dataFrame(batches, rowsPerPartition: rowsPerPartition)
    }

    private func commonSchema(of batches: [Batch], first: Schema) throws(StoaError) -> Schema {
        var schema = first
        for name in schema.names { _ = try schema.index(of: name) }
        for (number, batch) in batches.enumerated() {
            let same =
                batch.schema.count == schema.count
                && zip(batch.schema.fields, schema.fields).allSatisfy { $0.name == $1.name && $0.type == $1.type }
            guard same else {
                throw StoaError(
                    .schemaMismatch, "batch \(number) has the schema \(batch.schema), batch 0 has \(first)",
                    advice: "give all batches the same names and types in the same order")
            }
            for (index, field) in batch.schema.fields.enumerated() where field.isNullable {
                schema.fields[index].isNullable = true
            }
        }
        return schema
    }

    /// Puts each partition on an executor, neighbours together, and tells the driver where they are.
    private func hold(_ partitions: [Batch], schema: Schema) throws(StoaError) -> DataFrame {
        let id = makeDatasetID()
        let active = driver.activeExecutors.all
        let executors = active.isEmpty ? cluster.executors.map(\.id) : active
        var placed: [LocatedBlock] = []
        for (partition, batch) in partitions.enumerated() {
            let executor = executors[partition * executors.count / partitions.count]
            let location = BlockLocation(block: .dataset(id, partition: partition), executor: executor)
            let block = Block(rows: [Batch(unchecked: schema, columns: batch.columns, rowCount: batch.rowCount)])
            do throws(StoaError) {
                try cluster.put(block, id: location.block, on: executor)
            } catch {
                for part in placed { cluster.drop([part.location.block], on: part.location.executor) }
                throw error
            }
            placed.append(LocatedBlock(location: location, rowCount: block.rowCount, byteCount: block.byteCount))
        }
        driver.register(id, blocks: placed)
        recorder?.noteGiven(placed)
        return DataFrame(
            session: self, plan: .table(id, schema), handles: [DatasetHandle(id: id, of: self)])
    }
}
