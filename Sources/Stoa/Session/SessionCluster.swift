import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaProcesses
import StoaTasks

/// A cluster whose blocks a session can read and place: what a session needs besides the driver's view.
package protocol SessionCluster: Cluster {
    /// The rows or the state of a block. Throws `executorLost` when nobody holds it.
    func read(_ location: BlockLocation) throws(StoaError) -> Block

    /// Has the executor count the memory of a result's block no more, which was read for the user's program.
    func handOver(_ block: Block, at location: BlockLocation) throws(StoaError)

    /// Gives a block to an executor, which shares its memory, or that of a copy. Throws `outOfMemory` when there is none.
    func put(_ block: Block, id: BlockID, on executor: ExecutorID) throws(StoaError)

    /// What kept threads from being pinned, if anything did; they run unpinned then.
    var pinningError: StoaError? { get }
}

extension SessionCluster {
    /// Executors that are processes of their own keep results in memory that is not the pool's.
    package func handOver(_ block: Block, at location: BlockLocation) {}
}

extension CoreGroupCluster: SessionCluster {}

extension ProcessCluster: SessionCluster {}
