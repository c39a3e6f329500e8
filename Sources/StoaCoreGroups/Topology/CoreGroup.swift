/// CPUs that share memory, or a cache: where one executor lives.
package struct CoreGroup: Hashable, Sendable {
    /// The kernel's number of the memory node.
    package let node: Int
    /// Ascending.
    package let cpus: [Int]

    package init(node: Int, cpus: [Int]) {
        self.node = node
        self.cpus = cpus
    }
}

/// What makes CPUs a group.
package enum CoreGrouping: String, Hashable, Sendable, CaseIterable {
    /// The same memory node.
    case memoryNode
    /// The same cache of the highest level; finer than nodes on processors built of several dies.
    case lastLevelCache
}

extension Topology {
    /// The groups of CPUs that this process may use: at least one, none empty, no CPU in two.
    package func coreGroups(by grouping: CoreGrouping = .memoryNode) -> [CoreGroup] {
        let byNode = nodes.filter { !$0.cpus.isEmpty }.map { CoreGroup(node: $0.index, cpus: $0.cpus) }
        guard grouping == .lastLevelCache, let lastLevel = caches.map(\.level).max() else { return byNode }
        let lastCaches = caches.filter { $0.level == lastLevel }
        // CPUs without a cache of that level stay together; a group never crosses nodes.
        return byNode.flatMap { group -> [CoreGroup] in
            var rest = Set(group.cpus)
            var groups = lastCaches.compactMap { cache -> CoreGroup? in
                let cpus = cache.cpus.filter(rest.contains)
                rest.subtract(cpus)
                return cpus.isEmpty ? nil : CoreGroup(node: group.node, cpus: cpus)
            }
            if !rest.isEmpty { groups.append(CoreGroup(node: group.node, cpus: rest.sorted())) }
            return groups
        }
    }

    /// The CPUs of `count` executors: the groups themselves when there are as many, else groups divided among executors or
    /// joined into one executor. Executors share CPUs when there are more of them than CPUs.
    package func coreGroups(by grouping: CoreGrouping, executorCount count: Int) -> [CoreGroup] {
        let groups = coreGroups(by: grouping)
        if count <= groups.count {
            return (0..<count).map { executor in
                let joined = groups[(executor * groups.count / count)..<((executor + 1) * groups.count / count)]
                return CoreGroup(node: joined[joined.startIndex].node, cpus: joined.flatMap(\.cpus).sorted())
            }
        }
        return groups.enumerated().flatMap { position, group -> [CoreGroup] in
            let first = position * count / groups.count
            let parts = (position + 1) * count / groups.count - first
            return (0..<parts).map { part in
                let range = (part * group.cpus.count / parts)..<((part + 1) * group.cpus.count / parts)
                return CoreGroup(
                    node: group.node,
                    cpus: range.isEmpty ? [group.cpus[part % group.cpus.count]] : Array(group.cpus[range]))
            }
        }
    }
}
