import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaProcesses
import StoaTasks

/// A cluster whose blocks a session can read and place: what a session needs besides the driver's view.
package protocol SessionCluster: Cluster {
    /// The rows or the state of a block. Throws `executorLost` when nobody holds it.
    func read(_ location: BlockLocation) throws(StoaError) -> Block

    /// Gives a block to an executor, which shares its memory, or that of a copy. Throws `outOfMemory` when there is none.
    func put(_ block: Block, id: BlockID, on executor: ExecutorID) throws(StoaError)

    /// What kept threads from being pinned, if anything did; they run unpinned then.
    var pinningError: StoaError? { get }
}

extension CoreGroupCluster: SessionCluster {}

extension ProcessCluster: SessionCluster {}
