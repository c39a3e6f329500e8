import StoaColumns
import StoaPlan
import StoaTasks

/// One executor without its threads: the blocks it holds, the memory it counts, and what its tasks share. Whoever owns
/// threads calls `run` from them, from several at once.
package final class TaskExecutor: Sendable {
    package let id: ExecutorID
    /// Shown to users.
    package let name: String
    package let store = BlockStore()
    /// Counts what tasks allocate; a limit is set there.
    package let memory: MemoryPool
    /// Where tasks and the store put what does not fit the memory.
    package let spillFile: SpillFile
    package let taskMemory: TaskMemory
    private let readRemote: @Sendable (BlockLocation) throws(StoaError) -> Block
    let sharedTables = SharedBuildTables()
    let dictionaries = DatasetDictionaries()

    /// An executor that holds nothing yet.
    ///
    /// - Parameters:
    ///   - memoryLimit: bytes that tasks and blocks take at most, but for a morsel's on each thread; nil without a limit.
    ///   - spillFolder: where what does not fit goes; nil for the folder of temporary files.
    ///   - readBlock: finds blocks of other executors; it throws a retryable `blockLost` for one that is gone.
    package init(
        id: ExecutorID, name: String, memoryLimit: Int? = nil, spillFolder: String? = nil,
        readBlock: @escaping @Sendable (BlockLocation) throws(StoaError) -> Block
    ) {
        self.id = id
        self.name = name
        memory = MemoryPool(name: name)
        memory.setLimit(memoryLimit)
        spillFile = SpillFile(folder: spillFolder, insteadOf: memory)
        taskMemory = TaskMemory(pool: memory, file: spillFile, store: store)
        readRemote = readBlock
    }

    /// Runs one attempt of a task on the calling thread, to its end.
    ///
    /// A success has stored every block that the report lists. A failure, `cancelled` among them, names stage and partition
    /// and has stored nothing and left no file; it lists the inputs that were not where the task was told.
    package func run(_ task: TaskDescription, cancellation: CancellationFlag) -> Result<TaskReport, TaskFailure> {
        memory.whileCurrent {
            do throws(TaskFailure) {
                return .success(try TaskRunner(executor: self).run(task, cancellation: cancellation))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Forgets blocks and what was built from them. Ids that are not here are ignored.
    package func drop(_ blocks: [BlockID]) {
        store.drop(blocks)
        sharedTables.drop(blocks)
        dictionaries.forget(datasetsOf: blocks, notIn: store)
    }

    /// Forgets all blocks and all that was built from them; no task runs any more.
    package func dropAll() {
        let blocks = store.ids
        store.onEviction(nil)
        store.drop(blocks)
        sharedTables.dropAll()
        dictionaries.forget(datasetsOf: blocks, notIn: store)
    }

    /// Gives back about so many bytes of what the store holds; see `StorageLevel`.
    package func giveBack(_ bytes: Int) throws(StoaError) {
        _ = try store.giveBack({ bytes }, to: spillFile, waits: true)
    }

    /// Forgets what was built here from blocks that another executor drops.
    package func forgetTables(builtFrom blocks: [BlockID]) { sharedTables.drop(blocks) }

    /// How many build sides of joins are held for tasks to come.
    package var sharedTableCount: Int { sharedTables.count }

    /// The block at a location: from this executor's store, or from the executor that has it.
    func block(at location: BlockLocation) throws(StoaError) -> Block {
        guard location.executor == id else { return try readRemote(location) }
        guard let block = store.get(location.block) else {
            throw StoaError(
                .blockLost, source: .environment, "\(name) no longer holds the block \(location.block)",
                isRetryable: true)
        }
        return block
    }
}
