import Glibc
import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// Runs stage graphs on a cluster: one a session. It holds no column, only where the blocks are.
///
/// All scheduling state belongs to one serial loop on a thread of its own (`stoa-driver`); every call posts a message to it.
/// Calls may come from any thread.
package final class Driver: Sendable {
    let mailbox = Mailbox<DriverMessage>()
    /// The datasets that executors hold, for the planner.
    package let heldDatasets = HeldDatasets()
    /// The executors that take tasks, for who puts data on them.
    package let activeExecutors: ActiveExecutors
    private let nextJob = Atomic<Int>(0)
    let nextListener = Atomic<Int>(0)
    private let cluster: any Cluster
    private let spinNanoseconds: Int
    /// Nil once the driver is stopped.
    private let thread: Mutex<NamedThread?>

    /// Starts the cluster and the driver's thread. The cluster belongs to the driver, which stops it.
    package init(
        cluster: any Cluster, options: DriverOptions = DriverOptions()
    ) throws(StoaError) {
        let active = ActiveExecutors(cluster.executors)
        let (mailbox, snapshot) = (mailbox, heldDatasets)
        self.cluster = cluster
        activeExecutors = active
        spinNanoseconds = options.spinNanoseconds
        try cluster.start { mailbox.post(.events($0)) }
        do {
            let thread = try NamedThread.start(name: "stoa-driver") {
                var loop = DriverLoop(
                    cluster: cluster, options: options, clock: .monotonic, mailbox: mailbox, snapshot: snapshot,
                    activeExecutors: active)
                loop.run(mailbox)
            }
            self.thread = Mutex(thread)
        } catch {
            cluster.stop()
            throw error
        }
    }

    deinit { stop() }

    /// Runs a job and gives where its result is.
    ///
    /// Cancelling the calling task cancels the job. Whatever the outcome, when this returns or throws no attempt of the job
    /// runs that could still change anything (a second attempt at a task that was slower may take milliseconds to stop), and
    /// nothing is left of it but the result's blocks, until `JobResult.release()`, and the datasets it persisted. The exception
    /// is an attempt that does not stop within `stopPatienceNanoseconds`, as in a function that never returns: the job ends
    /// without it, its error names it, and whatever it leaves is dropped; see `cancellationNanoseconds`.
    ///
    /// Tasks that fail are tried again elsewhere, blocks that are lost with an executor are computed again. A result that was
    /// given out is not: whoever cannot read a block of it any more (`blockLost`) runs the job again.
    ///
    /// - Parameter isAnalyzed: whether the operators are measured; see `StageReport.operators`.
    /// - Throws: `cancelled`; a caller's mistake as soon as a task meets it, with stage and partition; else the last error of
    ///   a task that was tried `DriverOptions.maximumAttempts` times, which names the stage, the partition, how often and
    ///   where; `blockLost` for blocks that vanish again and again, or of data given in memory that cannot be had again; the
    ///   reason why no executor can be had when none is left.
    package func run(_ graph: StageGraph, isAnalyzed: Bool = false) async throws(StoaError) -> JobResult {
        let id = JobID(nextJob.add(1, ordering: .relaxed).oldValue)
        let outline = JobOutline(graph)
        let mark = Mark()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let request = JobRequest(id: id, outline: outline, isAnalyzed: isAnalyzed, isCancelled: mark) {
                    continuation.resume(returning: $0)
                }
                guard mailbox.post(.run(request)) else { return request.answer(.failure(Self.isStopped)) }
                // Executors wake while the driver does, not after it.
                cluster.expect(taskCount: outline.firstTaskCount)
                // A result that is there when this returns costs no change of threads.
                let end = MonotonicClock.nanoseconds + spinNanoseconds
                while !request.isAnswered.isSet, MonotonicClock.nanoseconds < end { sched_yield() }
            }
        } onCancel: {
            mark.set()
            mailbox.post(.cancel(id))
        }
        return try result.get()
    }

    /// Takes over a dataset whose partitions were put on executors; plans made from now on read it there.
    ///
    /// - Parameter blocks: one block a partition, in partition order, named `.dataset(id, partition)`.
    package func register(_ id: DatasetID, blocks: [LocatedBlock]) {
        for (partition, block) in blocks.enumerated() {
            precondition(
                block.location.block == .dataset(id, partition: partition), "blocks of \(id) in partition order")
        }
        heldDatasets.publish(
            id, HeldDataset(rowCounts: blocks.map(\.rowCount), byteCounts: blocks.map(\.byteCount)))
        mailbox.post(.register(id, blocks))
    }

    /// Forgets a dataset and lets executors drop its blocks as soon as no job and no result reads them. Unknown ids are
    /// ignored.
    package func unpersist(_ id: DatasetID) {
        heldDatasets.withdraw(id)
        mailbox.post(.unpersist(id))
    }

    /// What the driver's tables hold, after all calls that were made before this one. Nil when it is stopped.
    package func tables() async -> DriverTables? {
        await withCheckedContinuation { (continuation: CheckedContinuation<DriverTables?, Never>) in
            if !mailbox.post(.inspect { continuation.resume(returning: $0) }) { continuation.resume(returning: nil) }
        }
    }

    /// Cancels all jobs, waits until their attempts have answered or have had their time, and stops the cluster. Whoever calls it, at the same time
    /// or again, finds the cluster stopped when it returns.
    package func stop() {
        thread.withLock { thread in
            guard let running = thread.take() else { return }
            mailbox.post(.stop)
            running.join()
        }
    }

    static let isStopped = StoaError(
        .cancelled, "the session is closed", advice: "open a new session to run further jobs")
}
