import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// Puts outputs of this executor where others can read them, in its own segment. Where they are, and who reads there, the
/// driver's process knows.
final class PublishedOutputs: Sendable {
    private let arena: SegmentArena
    private let dictionaries: SharedDictionaries
    private let store: BlockStore
    private let isSharing: Atomic<Bool>

    init(arena: SegmentArena, store: BlockStore, isSharing: Bool) {
        self.arena = arena
        dictionaries = SharedDictionaries(arena: arena)
        self.store = store
        self.isSharing = Atomic(isSharing)
    }

    /// Other executors come, or there are none.
    func share(_ isSharing: Bool) { self.isSharing.store(isSharing, ordering: .relaxed) }

    /// Publishes what a task left when somebody will surely read it elsewhere: rows of a stage, which the driver's process
    /// may want, and buckets when there are other executors. Nil for what is published when somebody asks.
    ///
    /// Throws as `OutputImage.write` does.
    func publish(_ report: TaskReport) throws(StoaError) -> BlockPlace? {
        guard let first = report.blocks.first, case .stage(_, _, _, let bucket) = first.id else { return nil }
        if bucket != nil, !isSharing.load(ordering: .relaxed) { return nil }
        var blocks: [Block] = []
        blocks.reserveCapacity(report.blocks.count)
        for summary in report.blocks {
            // One that has been dropped already is for nobody.
            guard let block = store.get(summary.id) else { return nil }
            blocks.append(block)
        }
        return try OutputImage.write(blocks, to: arena, sharing: dictionaries)
    }

    /// Publishes an output that somebody asked for; nil when it is not here. A place of its own each time: who asks does not
    /// know an earlier one any more, which is about to be freed.
    func publish(_ output: OutputID) throws(StoaError) -> PublishedOutput? {
        let blocks = store.blocks(of: output)
        if blocks.isEmpty { return nil }
        let place = try OutputImage.write(blocks, to: arena, sharing: dictionaries)
        return PublishedOutput(place: place, blockCount: blocks.count)
    }

    /// Nobody reads at these offsets any more.
    func free(_ offsets: [Int]) {
        for offset in offsets {
            // An offset is handed out anew as soon as it is free.
            dictionaries.release(outputAt: offset)
            arena.free(offset)
        }
    }

    /// Bytes that are shared, and bytes kept for what comes.
    var byteCounts: (used: Int, kept: Int) { (arena.usedBytes, arena.keptBytes) }
}

extension BlockStore {
    /// The blocks of an output in order, none when one of them is not here.
    fileprivate func blocks(of output: OutputID) -> [Block] {
        switch output {
        case .dataset(let dataset, let partition):
            return get(.dataset(dataset, partition: partition)).map { [$0] } ?? []
        case .stage(let job, let stage, let partition):
            if let whole = get(.stage(job, stage, partition: partition, bucket: nil)) { return [whole] }
            var buckets: [Block] = []
            while let bucket = get(.stage(job, stage, partition: partition, bucket: buckets.count)) {
                buckets.append(bucket)
            }
            return buckets
        }
    }
}
