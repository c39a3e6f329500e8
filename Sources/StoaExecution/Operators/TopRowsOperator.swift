import StoaColumns
import StoaKernels
import StoaPlan

/// The first rows of each group in an order; groups come in the order of their first row.
///
/// Holds the whole input, in process by reference. One order key of at most 64 bits and few rows of each group: the rows are
/// kept by insertion; anything else sorts by group and keys. Where exactness is left to a later operator (`isPartial`), rows
/// pass unchanged when sorting would be needed or when the first of them show that most would stay; that is decided by
/// the data alone.
final class TopRowsOperator: BatchSource {
    let schema: Schema
    private let input: any BatchSource
    private let top: TopRows
    private let columns: KeyColumns
    private let memory: TaskMemory
    private let cancellation: CancellationFlag
    private let isInserted: Bool
    private var held: [Batch] = []
    private var chosen: Batch?
    private var position = 0
    private var state = State.unread
    /// What is kept of the input so far, and what was made of it.
    private var heldBytes = 0

    private enum State {
        case unread
        /// The held batches, then the input's, pass as they are.
        case passing
        /// The rows are in `chosen`.
        case done
    }

    /// Rows after which a partial operator decides whether it is of use: it is when at most half of them stay.
    private static let trialRows = 1 << 16

    init(
        _ top: TopRows, input: any BatchSource, memory: TaskMemory, cancellation: CancellationFlag
    ) throws(StoaError) {
        schema = input.schema
        self.input = input
        self.top = top
        self.memory = memory
        self.cancellation = cancellation
        columns = try KeyColumns(top.keys + top.order.map(\.expression), input: input.schema)
        isInserted =
            top.order.count == 1 && GroupedTop.takes(top.order[0].expression.type)
            && top.count <= GroupedTop.maximumLimit
    }

    func next() throws(StoaError) -> Batch? {
        if top.count == 0 { return nil }
        if case .unread = state {
            if isInserted {
                try insertRows()
            } else if top.isPartial {
                state = .passing
            } else {
                try sortRows()
            }
        }
        guard case .passing = state else { return slice() }
        if held.isEmpty { return try input.next() }
        return columns.input(of: held.removeFirst(), schema: schema)
    }

    private func slice() -> Batch? {
        guard let chosen, position < chosen.rowCount else {
            // Those above may go on for long.
            self.chosen = nil
            return nil
        }
        let end = min(chosen.rowCount, position + Morsel.rowLimit)
        defer { position = end }
        return chosen.slice(position..<end)
    }

    /// The columns of the group keys, and of the order keys, of a batch that holds them.
    private func keys(of batch: Batch) -> (groups: [Column], order: [SortColumn]) {
        let all = columns.keys(of: batch)
        let order = zip(all.dropFirst(top.keys.count), top.order).map {
            SortColumn($0, isDescending: $1.isDescending, nullsFirst: $1.nullsFirst)
        }
        return (Array(all.prefix(top.keys.count)), order)
    }

    // MARK: By insertion

    private func insertRows() throws(StoaError) {
        let table = KeyTable(types: top.keys.map(\.type))
        let first = GroupedTop(limit: top.count)
        var rowCount = 0
        while let batch = try input.next() {
            if batch.rowCount == 0 { continue }
            let batch = try columns.adding(to: batch)
            try Self.check(rowCount + batch.rowCount)
            let keys = keys(of: batch)
            let before = ThreadBytes.current
            let region = MemoryRegion(of: Int32.self, count: batch.rowCount)
            let ids = region.bound(to: Int32.self)
            table.insert(keys.groups, count: batch.rowCount, into: ids)
            first.take(keys.order[0], ids: ids, groups: table.count, firstRow: rowCount, count: batch.rowCount)
            withExtendedLifetime(region) {}
            let isTried = rowCount >= Self.trialRows
            rowCount += batch.rowCount
            held.append(batch)
            heldBytes += ThreadBytes.current - before + batch.bytesOfRows
            if top.isPartial {
                var passes = !isTried && rowCount >= Self.trialRows && first.rowCount > rowCount / 2
                // Rows that pass are looked at again behind the exchange, which can spill them.
                if !passes { passes = try memory.shouldSpill(heldBytes) }
                if passes {
                    state = .passing
                    return
                }
            }
            try check()
        }
        state = .done
        let rows = first.rows()
        chosen = try withExtendedLifetime(rows) { () throws(StoaError) in try gathered(rows, of: rowCount) }
        held = []
    }

    /// Rows of the held batches, which have `total` rows together, in any order: those of each batch first, then all in
    /// order.
    private func gathered(_ rows: RowOrder, of total: Int) throws(StoaError) -> Batch {
        let region = MemoryRegion(of: Int32.self, count: total)
        let scratch = MemoryRegion(of: Int32.self, count: rows.count)
        defer { withExtendedLifetime((region, scratch)) {} }
        let places = region.bound(to: Int32.self)
        let taken = scratch.bound(to: Int32.self)
        places.update(repeating: -1, count: total)
        for index in 0..<rows.count { places[Int(rows.rows[index])] = 0 }
        var parts: [Batch] = []
        var start = 0
        var place: Int32 = 0
        for batch in held {
            try cancellation.check()
            var count = 0
            for row in 0..<batch.rowCount where places[start + row] >= 0 {
                taken[count] = Int32(truncatingIfNeeded: row)
                places[start + row] = place + Int32(truncatingIfNeeded: count)
                count += 1
            }
            start += batch.rowCount
            place += Int32(truncatingIfNeeded: count)
            if count > 0 { parts.append(columns.input(of: batch, schema: schema).taking(taken, count: count)) }
        }
        let all = try Batch.concatenated(parts, schema: schema, cancellation: cancellation)
        for index in 0..<rows.count { taken[index] = places[Int(rows.rows[index])] }
        return all.taking(taken, count: rows.count)
    }

    // MARK: By sorting

    private func sortRows() throws(StoaError) {
        while let batch = try input.next() {
            if batch.rowCount == 0 { continue }
            let keyed = try columns.adding(to: batch)
            held.append(keyed)
            heldBytes += keyed.bytesOfRows
            try check(needs: heldBytes)
        }
        let all = try Batch.concatenated(held, schema: columns.schema, cancellation: cancellation)
        held = []
        let keys = keys(of: all)
        let table = KeyTable(types: top.keys.map(\.type))
        let ids = MemoryRegion(of: Int32.self, count: all.rowCount)
        if all.rowCount > 0 { table.insert(keys.groups, count: all.rowCount, into: ids.bound(to: Int32.self)) }
        let rows = try RowOrder.first(
            top.count, ofGroups: Column(type: .int32, count: all.rowCount, values: ids), by: keys.order,
            checkpoint: cancellation.check)
        chosen = withExtendedLifetime(rows) {
            columns.input(of: all, schema: schema).taking(rows.rows, count: rows.count)
        }
        state = .done
    }

    private func check(needs bytes: Int = 0) throws(StoaError) {
        try memory.check(
            "the first \(top.count) rows by \(top.keys.map(\.text).joined(separator: ", "))", held: heldBytes,
            needs: bytes)
    }

    private static func check(_ rowCount: Int) throws(StoaError) {
        guard rowCount <= RowOrder.rowLimit else {
            throw StoaError(
                .unsupported, "\(rowCount) rows are too many to be held together in one partition",
                advice: "use more and smaller partitions")
        }
    }
}
