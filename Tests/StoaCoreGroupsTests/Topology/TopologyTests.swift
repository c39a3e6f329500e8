import StoaColumns
import StoaCoreGroups
import Testing

@Suite struct TopologyTests {
    @Test func twoNodesOfFourCores() throws {
        let topology = try Topology.synthetic("node:2 core:4 pu:1")
        #expect(topology.allowedCPUs == Array(0..<8))
        #expect(topology.coreCount == 8)
        #expect(topology.nodes.map(\.cpus) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(topology.nodes.allSatisfy { $0.memoryByteCount > 0 })
        #expect(
            topology.coreGroups() == [
                CoreGroup(node: 0, cpus: [0, 1, 2, 3]), CoreGroup(node: 1, cpus: [4, 5, 6, 7]),
            ])
    }

    @Test func oneNode() throws {
        let topology = try Topology.synthetic("node:1 core:2 pu:2")
        #expect(topology.coreGroups() == [CoreGroup(node: 0, cpus: [0, 1, 2, 3])])
        #expect(topology.coreCount == 2)
    }

    @Test func aMachineWithoutNodesIsOneGroup() throws {
        #expect(try Topology.synthetic("core:3 pu:1").coreGroups() == [CoreGroup(node: 0, cpus: [0, 1, 2])])
    }

    @Test func offlineCPUsAreLeftOut() throws {
        let topology = try Topology.synthetic("node:2 core:4 pu:1", offline: [1, 4, 5, 6, 7])
        #expect(topology.onlineCPUs == [0, 2, 3])
        #expect(topology.coreGroups() == [CoreGroup(node: 0, cpus: [0, 2, 3])])
        // The node without CPUs is still there, for its memory.
        #expect(topology.nodes.count == 2)
    }

    @Test func aMaskOfOneCPU() throws {
        let topology = try Topology.synthetic("node:2 core:4 pu:1", allowed: [6])
        #expect(topology.onlineCPUs.count == 8)
        #expect(topology.allowedCPUs == [6])
        #expect(topology.coreCount == 1)
        #expect(topology.coreGroups() == [CoreGroup(node: 1, cpus: [6])])
    }

    @Test func aMaskOfNoOnlineCPU() {
        let error = #expect(throws: StoaError.self) {
            _ = try Topology.synthetic("node:1 core:4 pu:1", offline: [3], allowed: [3])
        }
        #expect(error?.code == .incompatibleMachine)
    }

    @Test func aTopologyThatHwlocRefuses() {
        let error = #expect(throws: StoaError.self) { _ = try Topology.synthetic("nonsense:2") }
        #expect(error?.message.hasPrefix("hwloc_topology_set_synthetic(nonsense:2) failed") == true)
        #expect(error?.source == .environment)
    }

    @Test func groupsByLastLevelCache() throws {
        // One node, four dies of two cores with a third-level cache each.
        let topology = try Topology.synthetic("node:1 l3:4 l2:2 core:1 pu:2", allowed: Set(0..<16).subtracting([2, 3]))
        #expect(topology.caches.count { $0.level == 3 } == 4)
        #expect(
            topology.coreGroups(by: .lastLevelCache).map(\.cpus) == [
                [0, 1], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15],
            ])
        #expect(topology.coreGroups(by: .memoryNode).count == 1)
        // Without a cache in the description, nodes are all there is.
        #expect(try Topology.synthetic("node:2 core:2 pu:1").coreGroups(by: .lastLevelCache).count == 2)
    }

    @Test func aCacheAcrossNodesIsCut() throws {
        let topology = try Topology.synthetic("l3:1 node:2 core:2 pu:1")
        #expect(topology.coreGroups(by: .lastLevelCache).map(\.cpus) == [[0, 1], [2, 3]])
    }

    /// Whatever the machine and the number of executors: no CPU is lost, and none is used twice while there are enough.
    @Test(arguments: ["node:2 core:4 pu:1", "node:3 core:3 pu:1", "node:1 core:1 pu:1", "node:4 l3:2 core:2 pu:2"])
    func anyNumberOfExecutors(description: String) throws {
        let topology = try Topology.synthetic(description)
        for grouping in CoreGrouping.allCases {
            for count in 1...12 {
                let groups = topology.coreGroups(by: grouping, executorCount: count)
                #expect(groups.count == count)
                #expect(groups.allSatisfy { !$0.cpus.isEmpty && $0.cpus == $0.cpus.sorted() })
                let used = groups.flatMap(\.cpus)
                #expect(Set(used) == Set(topology.allowedCPUs) || count > topology.allowedCPUs.count)
                if count <= topology.coreGroups(by: grouping).count {
                    #expect(used.count == topology.allowedCPUs.count)
                }
                for group in groups {
                    let home = try #require(topology.nodes.first { $0.index == group.node })
                    #expect(!Set(home.cpus).isDisjoint(with: group.cpus))
                }
            }
            let natural = topology.coreGroups(by: grouping)
            #expect(topology.coreGroups(by: grouping, executorCount: natural.count) == natural)
        }
    }

    @Test func thisMachine() throws {
        let topology = try Topology.machine()
        #expect(!topology.allowedCPUs.isEmpty)
        #expect(Set(topology.allowedCPUs).isSubset(of: topology.onlineCPUs))
        #expect(topology.coreGroups().flatMap(\.cpus).sorted() == topology.allowedCPUs)
        #expect(topology.nodes.contains { $0.memoryByteCount > 0 })
        #expect((1...topology.allowedCPUs.count).contains(topology.coreCount))
        print("topology found in \(Double(topology.discoveryNanoseconds) / 1e6) ms")
        // Far more than it takes anywhere, far less than discovery of devices.
        #expect(topology.discoveryNanoseconds < 1_000_000_000)
    }

    @Test func printed() throws {
        let topology = try Topology.synthetic(
            "pack:1 node:2(memory=3GiB) l3:1(size=32MiB) l2:2(size=512KiB) core:1 pu:1", allowed: [0, 2, 3],
            cpuQuota: 1.5)
        #expect(
            topology.description == """
                1 package, 3 cores, 3 CPUs (0,2-3) of 4 that are online
                limited to the time of 1.5 CPUs by its cgroup
                memory node 0: 3 GiB, CPUs 0
                memory node 1: 3 GiB, CPUs 2-3
                level 2 cache: 3 of 512 KiB, each for 1 CPU
                level 3 cache: 2 of 32 MiB, each for 1 or 2 CPUs
                """)
    }

    @Test func ranges() {
        #expect([Int]().rangesText == "")
        #expect([4].rangesText == "4")
        #expect([0, 1, 2, 5, 7, 8].rangesText == "0-2,5,7-8")
    }
}
