import StoaPlan
import StoaTasks

/// Blocks on their way from one executor to another. Used by the driver's thread alone.
final class BlockMover {
    /// One call of `Cluster.copy`.
    struct Order {
        let items: [Item]
        /// Position of the executor that holds the blocks, or held them.
        let source: Int
        let target: Int
        let purpose: Purpose
    }

    struct Item {
        let table: BlockTable
        let partition: Int
    }

    /// What an answer means.
    struct Arrival {
        let order: Order
        /// Those of its items that have a new place.
        let moved: [Item]
        /// Whether blocks were not where they should have been.
        let hasLost: Bool
    }

    enum Purpose {
        /// The source is to leave.
        case drain
        /// The source is gone, but the cluster may have kept what the session had put there.
        case restore(DatasetID)
    }

    private let calls: ClusterCalls
    /// By target. The first one is under way; an answer does not say which order it belongs to, so the others wait.
    private var orders: [Int: [Order]] = [:]

    init(calls: ClusterCalls) { self.calls = calls }

    var count: Int { orders.values.reduce(0) { $0 + $1.count } }

    func hasOrders(to target: Int) -> Bool { orders[target] != nil }

    /// Asks for a copy, as soon as the target has made those before it.
    func send(_ order: Order) {
        orders[order.target, default: []].append(order)
        if orders[order.target]?.count == 1 { call(order) }
    }

    private func call(_ order: Order) {
        let source = calls.executors.ids[order.source]
        let blocks = order.items.flatMap { item in
            item.table.ids(of: item.partition).map { BlockLocation(block: $0, executor: source) }
        }
        calls.copy(blocks, to: order.target)
    }

    /// The target has answered the order that was under way: partitions that arrived as a whole are there from now on. Copies that nobody
    /// needs any more are dropped.
    ///
    /// - Parameters:
    ///   - isFixed: whether the places of a table's blocks have been handed out, so that they cannot change.
    ///   - isNeeded: whether readers are sent to the target for a block.
    /// - Returns: nil for an answer to nothing.
    func arrived(
        _ blocks: [BlockSummary], at target: Int, isFixed: (BlockTable) -> Bool, isNeeded: (BlockID) -> Bool
    ) -> Arrival? {
        guard var waiting = orders[target], !waiting.isEmpty else { return nil }
        let order = waiting.removeFirst()
        orders[target] = waiting.isEmpty ? nil : waiting
        if let next = waiting.first { call(next) }
        let ids = Set(blocks.map(\.id))
        var moved: [Item] = []
        var hasLost = false
        for item in order.items {
            let wanted = item.table.ids(of: item.partition)
            if !item.table.isDropped, !isFixed(item.table), wanted.allSatisfy(ids.contains),
                let blocks = item.table.partitions[item.partition], order.mayMove(blocks)
            {
                item.table.put(PartitionBlocks(executor: target, sizes: blocks.sizes), at: item.partition)
                moved.append(item)
            } else {
                // Others of the same name may have come to the target meanwhile.
                for id in wanted where ids.contains(id) && !isNeeded(id) { calls.drop(id, on: target) }
                // What the source should hold and does not.
                if !wanted.allSatisfy(ids.contains) {
                    hasLost = item.table.lose(item.partition, on: order.source) || hasLost
                }
            }
        }
        return Arrival(order: order, moved: moved, hasLost: hasLost)
    }

    /// Whether a partition of a dataset is on its way to an executor.
    func isBringing(_ dataset: DatasetID, partition: Int) -> Bool {
        orders.values.joined().contains { order in
            order.items.contains { $0.partition == partition && $0.table.naming == .dataset(dataset) }
        }
    }

    /// The target is gone: gives the orders that it will not answer.
    func lose(_ target: Int) -> [Order] { orders.removeValue(forKey: target) ?? [] }
}

extension BlockMover.Order {
    // Blocks may have been lost or computed again in the meantime.
    fileprivate func mayMove(_ blocks: PartitionBlocks) -> Bool {
        switch purpose {
        // A copy is as good when the source has died since: it may be the only one.
        case .drain: blocks.executor == source || blocks.isGone
        case .restore: blocks.isGone
        }
    }
}
