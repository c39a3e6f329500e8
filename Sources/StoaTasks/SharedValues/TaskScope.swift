import Glibc
import StoaColumns

/// What the functions of the user leave behind in the task that runs on a thread, besides its rows. Used by that thread.
package final class TaskScope {
    // In the order of the first call; a task has few.
    private var sums: [(id: AccumulatorID, value: any AccumulatorValue)] = []

    private init() {}

    func add<Value: AccumulatorValue>(_ value: Value, to id: AccumulatorID) {
        guard let position = sums.firstIndex(where: { $0.id == id }) else {
            var sum = Value.zero
            sum.merge(value)
            return sums.append((id, sum))
        }
        guard var sum = sums[position].value as? Value else {
            preconditionFailure("an accumulator has one type")
        }
        sum.merge(value)
        sums[position].value = sum
    }

    private func updates() throws(StoaError) -> [AccumulatorUpdate] {
        var updates: [AccumulatorUpdate] = []
        for sum in sums { updates.append(AccumulatorUpdate(id: sum.id, payload: try UserCoding.encode(sum.value))) }
        return updates
    }

    /// Runs a task's work on this thread and gives what it added to accumulators besides.
    package static func collecting<Result>(
        _ work: () throws(StoaError) -> Result
    ) throws(StoaError) -> (result: Result, updates: [AccumulatorUpdate]) {
        let scope = TaskScope()
        let outer = pthread_getspecific(key)
        pthread_setspecific(key, Unmanaged.passUnretained(scope).toOpaque())
        defer { pthread_setspecific(key, outer) }
        return try withExtendedLifetime(scope) { () throws(StoaError) in
            let result = try work()
            return (result, scope.sums.isEmpty ? [] : try scope.updates())
        }
    }

    /// The scope of the task on this thread; nil outside of tasks.
    static var current: TaskScope? {
        pthread_getspecific(key).map { Unmanaged<TaskScope>.fromOpaque($0).takeUnretainedValue() }
    }

    // Made once; lives as long as the process.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key, nil)
        precondition(status == 0, "no thread-local key left for tasks (error \(status))")
        return key
    }()
}
