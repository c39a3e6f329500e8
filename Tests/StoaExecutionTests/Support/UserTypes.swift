import Glibc
import StoaColumns
import StoaKernels
import StoaTasks
import Synchronization

/// Keeps the rows whose number is a multiple, and adds a column.
struct EveryNth: BatchFunction {
    var step: Int64
    var weight: Double

    func outputSchema(for input: Schema) throws -> Schema {
        Schema([Field("row", .int64, isNullable: false), Field("weight", .float64)])
    }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        let rows = try batch.column("row").array(of: Int64.self).filter { $0 % step == 0 }
        return try Batch(
            schema: outputSchema(for: batch.schema), columns: [Column(rows), Column(rows.map { _ in weight })])
    }
}

/// Breaks its promise, or fails, in a way of the caller's choice.
struct Misbehaving: BatchFunction {
    enum Way: String, Codable { case otherName, otherType, nulls, throwing, ownError }
    var way: Way

    func outputSchema(for input: Schema) throws -> Schema { Schema([Field("value", .int64, isNullable: false)]) }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        switch way {
        case .otherName: return try Batch(["valve": Column([Int64](repeating: 1, count: batch.rowCount))])
        case .otherType: return try Batch(["value": Column([Double](repeating: 1, count: batch.rowCount))])
        case .nulls: return try Batch(["value": Column([Int64?](repeating: nil, count: batch.rowCount))])
        case .throwing: throw Surprise(text: "no luck")
        case .ownError: throw StoaError(.invalidArgument, "a mistake of the caller")
        }
    }
}

struct Surprise: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}

/// Lets every batch through after a while, and counts how many came. The counter is found by its number, since the function
/// travels.
struct Slow: BatchFunction {
    static let calls = Mutex<[Int: Int]>([:])
    var counter: Int
    var microseconds: UInt32

    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        Self.calls.withLock { $0[counter, default: 0] += 1 }
        usleep(microseconds)
        return batch
    }
}

/// Writes down all row numbers in the order in which it sees them, so that any other order shows.
struct Journal: BatchAggregate {
    var separator: String
    var fails = false

    func initialState() -> String { "" }
    func consume(_ batch: Batch, into state: inout String) throws {
        if fails { throw Surprise(text: "the pen broke") }
        for row in try batch.column("row").array(of: Int64.self) { state += "\(row)" + separator }
    }
    func merge(_ other: String, into state: inout String) { state += "|" + other }
    func finish(_ state: String) -> String { state }
}
