import StoaColumns
import StoaDriver
import StoaTasks

extension Session {
    /// Starts one more executor and gives its number, when it can be given tasks. Jobs that run use it.
    ///
    /// Throws why it could not be started; `cancelled` when the session is stopped.
    @discardableResult
    public func addExecutor() async throws(StoaError) -> Int {
        try await driver.addExecutor().value
    }

    /// Lets an executor leave, also while jobs run: it is given no more tasks, ends those it has, and hands the partitions that
    /// it keeps to others. Returns when it is gone.
    ///
    /// Throws `unknownName` for one that is not there, `invalidArgument` for the last one, `cancelled` when the session is
    /// stopped.
    public func removeExecutor(_ id: Int) async throws(StoaError) {
        try await driver.removeExecutor(ExecutorID(id))
    }
}
