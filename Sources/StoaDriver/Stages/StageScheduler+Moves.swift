import StoaPlan
import StoaTasks

/// Partitions of a dataset that was given, which a lost executor held.
struct Restoration {
    let items: [BlockMover.Item]
    let dataset: DatasetID
    /// Position of the executor that is gone.
    let source: Int

    init(items: [BlockMover.Item], _ dataset: DatasetID, from source: Int) {
        self.items = items
        self.dataset = dataset
        self.source = source
    }
}

/// Blocks that move to other executors.
extension StageScheduler {
    /// What has to be copied before an executor can leave, a call for each target; nil when nobody could take it.
    func ordersToEmpty(_ executor: Int) -> [BlockMover.Order]? {
        var items: [BlockMover.Item] = []
        func add(_ table: BlockTable) {
            for partition in table.partitions.indices {
                if let blocks = table[partition], blocks.executor == executor, !blocks.sizes.isEmpty {
                    items.append(.init(table: table, partition: partition))
                }
            }
        }
        for (_, table, _) in datasets.all { add(table) }
        for job in jobs.values.sorted(by: { $0.id < $1.id }) { job.inputs.forEachOwnTable(add) }
        if items.isEmpty { return [] }
        let near = executors.active.filter { executors.nodes[$0] == executors.nodes[executor] }
        let targets = near.isEmpty ? executors.active : near
        if targets.isEmpty { return nil }
        // Neighbours stay together, as they are when they are computed.
        return targets.enumerated().compactMap { number, target in
            let share = items[items.count * number / targets.count..<items.count * (number + 1) / targets.count]
            return share.isEmpty
                ? nil : .init(items: Array(share), source: executor, target: target, purpose: .drain)
        }
    }

    /// Has partitions of a dataset that was given brought to an executor, if the cluster has kept what the session had put.
    func restore(_ partitions: [Int], of dataset: DatasetID, _ table: BlockTable, from executor: Int) {
        if partitions.isEmpty { return }
        for partition in partitions { restoring.insert(.dataset(dataset, partition: partition)) }
        unsent.append(
            Restoration(items: partitions.map { .init(table: table, partition: $0) }, dataset, from: executor))
        sendRestorations()
    }

    /// Sends what waits for an executor that could take it.
    func sendRestorations() {
        guard !unsent.isEmpty, !executors.active.isEmpty else { return }
        let waiting = unsent
        unsent = []
        for restoration in waiting {
            let target = executors.active[restoration.source % executors.active.count]
            mover.send(
                .init(
                    items: restoration.items, source: restoration.source, target: target,
                    purpose: .restore(restoration.dataset)))
        }
    }

    /// Copies have arrived; gives the order that they answer.
    func arrived(_ blocks: [BlockSummary], at target: Int) -> BlockMover.Order? {
        let fixed = results.values.filter { $0.dataset == nil }
        guard
            let arrival = mover.arrived(
                blocks, at: target, isFixed: { table in fixed.contains { $0.table === table } },
                isNeeded: { self.isNeeded($0, on: target) })
        else { return nil }
        let order = arrival.order
        switch order.purpose {
        case .drain: noteCopied(arrival.moved.flatMap { $0.table.ids(of: $0.partition) }, from: order.source)
        case .restore(let dataset): ended(order, of: dataset)
        }
        if arrival.hasLost {
            for job in jobs.values.sorted(by: { $0.id < $1.id }) where job.isRunning { lookAgain(at: job) }
            startStages()
        }
        return order
    }

    private func noteCopied(_ blocks: [BlockID], from source: Int) {
        switch executors.all[source].state {
        case .draining: executors.noteCopied(blocks, from: source)
        case .leaving: break
        // It stays after all.
        case .active, .excluded: for block in blocks { dropUnlessNeeded(block, on: source) }
        // Somebody may wait for what it held.
        case .gone: settleAllWaiting()
        }
    }

    private func settleAllWaiting() {
        for job in jobs.values.sorted(by: { $0.id < $1.id }) where job.isRunning {
            settleWaiting(job, Array(job.stages.indices))
        }
        startStages()
    }

    /// Orders whose target is gone. Those that were to restore what another lost executor held go to the next one.
    func ordersLost(with target: Int) -> [BlockMover.Order] {
        let orders = mover.lose(target)
        for order in orders {
            guard case .restore(let dataset) = order.purpose else { continue }
            unsent.append(Restoration(items: order.items, dataset, from: order.source))
        }
        sendRestorations()
        return orders
    }

    private func ended(_ order: BlockMover.Order, of dataset: DatasetID) {
        for item in order.items { restoring.remove(.dataset(dataset, partition: item.partition)) }
        settleAllWaiting()
    }

    /// Whether results that were handed out are still to be read on an executor.
    func hasResults(on executor: Int) -> Bool {
        results.values.contains { result in
            result.table.partitions.contains { $0?.executor == executor && $0?.sizes.isEmpty == false }
        }
    }

    /// An executor that was to leave stays: copies of its blocks are elsewhere.
    func stay(_ executor: Int, _ drain: Drain) {
        for block in drain.copied { dropUnlessNeeded(block, on: executor) }
    }
}
