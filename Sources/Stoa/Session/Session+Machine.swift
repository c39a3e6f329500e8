import StoaCoreGroups
import StoaKernels
import StoaLinearAlgebra

/// What Stoa found on this machine and in this program.
public struct MachineDescription: Sendable, CustomStringConvertible {
    /// One core group per line: its executor's name, CPUs and node.
    public let coreGroups: [String]
    /// CPUs that this process may use.
    public let cpuCount: Int
    /// Memory nodes among them.
    public let nodeCount: Int
    /// Instructions that the kernels were compiled for.
    public let instructionSet: String
    /// Version, kernel and threading of the OpenBLAS in use.
    public let openBLAS: String

    /// Looks at the machine; a few milliseconds.
    public static func current() throws(StoaError) -> MachineDescription {
        let topology = try Topology.machine()
        return MachineDescription(
            coreGroups: topology.coreGroups().map { "node \($0.node), CPUs \($0.cpus.rangesText)" },
            cpuCount: topology.allowedCPUs.count, nodeCount: topology.nodes.count,
            instructionSet:
                "\(InstructionSet.current.level) (\(InstructionSet.current.compiled.joined(separator: " ")))",
            openBLAS: "\(OpenBLAS.description)")
    }

    /// The same for people, a line each.
    public var description: String {
        var lines = [
            "CPUs:          \(cpuCount)", "NUMA nodes:    \(nodeCount)", "core groups:   \(coreGroups.count)",
        ]
        lines += coreGroups.map { "  \($0)" }
        lines += ["instructions:  \(instructionSet)", "OpenBLAS:      \(openBLAS)"]
        return lines.joined(separator: "\n")
    }
}
