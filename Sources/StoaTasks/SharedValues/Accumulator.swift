import StoaColumns
import Synchronization

/// What adds up over the partitions of a job: counts, sums, or a type of the user's.
///
/// Parts are merged in the order of the stages, their partitions, and the calls within each, so that sums of floats have
/// the same bits in every run.
public protocol AccumulatorValue: Codable, Sendable {
    /// What there is before anything was added.
    static var zero: Self { get }
    /// Adds what `other` collected, all of which comes after the value's own.
    mutating func merge(_ other: Self)
}

extension Int: AccumulatorValue {
    /// The sum; one out of range stays at the end of the range.
    public mutating func merge(_ other: Int) { self = sum(clamping: other) }
}

extension Int64: AccumulatorValue {
    /// The sum; one out of range stays at the end of the range.
    public mutating func merge(_ other: Int64) { self = sum(clamping: other) }
}

extension Double: AccumulatorValue {
    /// The sum.
    public mutating func merge(_ other: Double) { self += other }
}

extension FixedWidthInteger {
    fileprivate func sum(clamping other: Self) -> Self {
        let (sum, isOutOfRange) = addingReportingOverflow(other)
        return isOutOfRange ? (other < 0 ? .min : .max) : sum
    }
}

/// A value that functions of the user add to on the executors, and the program reads: see `Session.accumulator(_:of:)`.
///
/// A `BatchFunction` or `BatchAggregate` holds it as a property. What a job added is in `value` when the job has ended well:
/// once for each partition, whatever was tried again, computed twice or lost; nothing of a job that failed or was cancelled.
/// An action that runs the function anew adds anew, one that reads what a cache holds does not: what was added while the cache
/// was filled counts once, with the first action over it that ends well, also when the one that filled it failed.
public final class Accumulator<Value: AccumulatorValue>: Codable, Sendable {
    /// What it is for.
    public let name: String
    package let id: AccumulatorID
    // Nil on executors, which only know what their tasks add. Guard: the mutex.
    private let total: Mutex<Value?>

    /// An accumulator whose total is in this object.
    package init(name: String) {
        self.name = name
        id = AccumulatorID()
        total = Mutex(.zero)
    }

    private enum CodingKeys: String, CodingKey { case name, id }

    /// One on an executor, which adds to the same.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        id = try container.decode(AccumulatorID.self, forKey: .id)
        total = Mutex(nil)
    }

    /// The name and the identity, not what was added.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(id, forKey: .id)
    }

    /// Adds to the total of the task that runs on this thread, or, outside of tasks, to the total itself. Takes tens of
    /// nanoseconds: call it once a batch, not once a row. What other threads add that a task starts itself is lost.
    public func add(_ value: Value) {
        if let scope = TaskScope.current {
            scope.add(value, to: id)
        } else {
            total.withLock { $0?.merge(value) }
        }
    }

    /// What all jobs that ended well have added. Zero on executors, where nobody knows it.
    public var value: Value { total.withLock { $0 } ?? .zero }

    /// Begins at zero again. Jobs that run add to it when they end.
    public func reset() {
        total.withLock { if $0 != nil { $0 = .zero } }
    }
}

/// Names an accumulator, in all programs that a session consists of.
package struct AccumulatorID: Hashable, Codable, Sendable {
    package let value: Int
    private static let last = Atomic<Int>(0)

    /// A new one of the driver's process.
    init() { value = Self.last.add(1, ordering: .relaxed).newValue }
}

/// What one task added to one accumulator.
package struct AccumulatorUpdate: Hashable, Codable, Sendable {
    package let id: AccumulatorID
    /// The value, encoded.
    package let payload: [UInt8]

    package init(id: AccumulatorID, payload: [UInt8]) {
        self.id = id
        self.payload = payload
    }
}

/// An accumulator of any type, for the session that adds up.
package protocol AnyAccumulator: AnyObject, Sendable {
    var id: AccumulatorID { get }
    /// Adds what tasks added, in this order. Throws `invalidArgument` for what is no value of its type.
    func merge(_ updates: [AccumulatorUpdate]) throws(StoaError)
}

extension Accumulator: AnyAccumulator {
    package func merge(_ updates: [AccumulatorUpdate]) throws(StoaError) {
        var values: [Value] = []
        for update in updates { values.append(try UserCoding.decode(Value.self, from: update.payload)) }
        total.withLock { total in
            for value in values { total?.merge(value) }
        }
    }
}
