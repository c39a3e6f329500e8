import StoaColumns

/// What a task leaves behind: rows, or the state of a user's aggregate. Immutable; holders share it by one reference, so that
/// keeping it and handing it over cost next to nothing.
package struct Block: Sendable {
    /// What is in a block.
    package enum Content: Sendable {
        /// Rows in order.
        case rows([Batch])
        /// Rows in order, some of them in a file.
        case spilled(SpilledRows)
        /// A state of a user's aggregate, which encodes itself where it has to leave the process.
        case state(any Codable & Sendable)
    }

    private final class Body: Sendable {
        let content: Content
        let rowCount: Int
        let byteCount: Int

        init(_ content: Content, rowCount: Int, byteCount: Int) {
            self.content = content
            self.rowCount = rowCount
            self.byteCount = byteCount
        }
    }

    private let body: Body

    /// The rows or the state.
    package var content: Content { body.content }
    /// Number of rows; 0 for a state.
    package var rowCount: Int { body.rowCount }
    /// Bytes of the columns; 0 for a state, which is no column. A dictionary counts once, and where it has more entries
    /// than there are rows only for the part that so many rows can use: the rest belongs to other blocks that share it.
    package var byteCount: Int { body.byteCount }

    /// A block of rows; batches without rows are left away.
    package init(rows batches: [Batch]) {
        let batches = batches.contains { $0.rowCount == 0 } ? batches.filter { $0.rowCount > 0 } : batches
        body = Body(
            .rows(batches), rowCount: batches.reduce(0) { $0 + $1.rowCount }, byteCount: Self.byteCount(batches))
    }

    private static func byteCount(_ batches: [Batch]) -> Int {
        var total = 0
        var encoded: [ObjectIdentifier: (dictionary: StringDictionary, rows: Int)] = [:]
        for batch in batches {
            for column in batch.columns {
                total += column.byteCount
                guard let dictionary = column.dictionaryCodes?.dictionary else { continue }
                total -= dictionary.values.byteCount
                let family = ObjectIdentifier(dictionary.family)
                let (longest, rows) = encoded[family] ?? (dictionary, 0)
                encoded[family] = (dictionary.count > longest.count ? dictionary : longest, rows + column.count)
            }
        }
        for (dictionary, rows) in encoded.values {
            let bytes = dictionary.values.byteCount
            total += rows >= dictionary.count ? bytes : bytes / dictionary.count * rows
        }
        return total
    }

    /// A block of one state.
    package init(state: any Codable & Sendable) {
        body = Body(.state(state), rowCount: 0, byteCount: 0)
    }

    /// A block of rows of which some are in a file.
    package init(spilled rows: SpilledRows) {
        body = Body(.spilled(rows), rowCount: rows.rowCount, byteCount: rows.byteCount)
    }

    /// Whether two blocks are the same one, not only equal.
    func isSame(as other: Block) -> Bool { body === other.body }

    /// Bytes of the columns that are in memory.
    package var memoryByteCount: Int {
        if case .spilled(let rows) = body.content { rows.memoryBytes } else { body.byteCount }
    }

    /// The batches of a block of rows; those in a file are read into memory. Throws `engineFailed` for a state: the plan reads what its maker did not write.
    package func rows() throws(StoaError) -> [Batch] {
        if case .spilled(let rows) = body.content {
            var reader = BlockReader(rows)
            var batches: [Batch] = []
            while let batch = try reader.next() { batches.append(batch) }
            return batches
        }
        guard case .rows(let batches) = body.content else {
            throw StoaError(.engineFailed, source: .engine, "a plan reads rows from a block that holds a state")
        }
        return batches
    }

    /// The state of a block that holds one. Throws `engineFailed` for rows.
    package func state() throws(StoaError) -> any Codable & Sendable {
        guard case .state(let state) = body.content else {
            throw StoaError(.engineFailed, source: .engine, "a plan reads a state from a block that holds rows")
        }
        return state
    }
}
