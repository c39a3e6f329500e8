import StoaColumns
import StoaTasks
import Synchronization

extension Session {
    /// A counter that functions of the user add to on the executors: `let bad = session.accumulator("bad rows")`.
    public func accumulator(_ name: String) -> Accumulator<Int> {
        accumulator(name, of: Int.self)
    }

    /// A value that functions of the user add to on the executors: `session.accumulator("weight", of: Double.self)`. Int, Int64
    /// and Double are summed; a type of the user's says how it merges.
    ///
    /// The session adds to it for as long as the program keeps it.
    public func accumulator<Value: AccumulatorValue>(_ name: String, of type: Value.Type) -> Accumulator<Value> {
        let accumulator = Accumulator<Value>(name: name)
        accumulators.add(accumulator)
        return accumulator
    }

    /// A value that functions of the user read on the executors, such as a table or a model.
    ///
    /// A function that holds what this gives travels with a name instead of the value, which reaches each executor once, and
    /// not with each task. It stays there while this or a data frame made with it exists. Executors inside this process share
    /// the value itself.
    public func broadcast<Value: Codable & Sendable>(_ value: Value) -> Broadcast<Value> {
        Broadcast(value)
    }
}

/// The accumulators that a session adds to. Guard: one lock; merging runs outside it.
final class SessionAccumulators: Sendable {
    private struct Reference: Sendable {
        weak var accumulator: (any AnyAccumulator)?
    }

    private let references = Mutex<[AccumulatorID: Reference]>([:])

    func add(_ accumulator: any AnyAccumulator) {
        references.withLock { references in
            references = references.filter { $0.value.accumulator != nil }
            references[accumulator.id] = Reference(accumulator: accumulator)
        }
    }

    /// Adds what a job's tasks added, in this order. What belongs to an accumulator that is gone is dropped.
    func merge(_ updates: [AccumulatorUpdate]) throws(StoaError) {
        if updates.isEmpty { return }
        for (id, updates) in Dictionary(grouping: updates, by: \.id) {
            guard let accumulator = references.withLock({ $0[id]?.accumulator }) else { continue }
            try accumulator.merge(updates)
        }
    }
}
