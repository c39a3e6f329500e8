internal import CStoaVector
import StoaColumns

/// The instructions that this program was compiled for. All targets of a build share one set, so loops never ask.
package struct InstructionSet: Hashable, Sendable {
    /// `x86-64-v4`, `x86-64-v3`, `x86-64-v2`, `x86-64` or `arm64`: the highest level that the compiler was allowed to use.
    package let level: String
    /// The extensions that the compiler was allowed to use, of those that matter for our loops.
    package let compiled: [String]
    /// Those of them that this machine lacks: running such an instruction would end the program.
    package let missing: [String]

    /// What was compiled, beside what this machine has.
    package static let current = InstructionSet()

    private init() {
        let count = stoa_isa_features(nil, 0)
        let features = [stoa_isa_feature](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = stoa_isa_features(buffer.baseAddress, count)
        }
        self.init(features.map { (String(cString: $0.name), $0.is_compiled, $0.is_present) })
    }

    /// Of features known by name, whether they were compiled, and whether the machine has them.
    package init(_ features: [(name: String, isCompiled: Bool, isPresent: Bool)]) {
        compiled = features.filter(\.isCompiled).map(\.name)
        missing = features.filter { $0.isCompiled && !$0.isPresent }.map(\.name)
        #if arch(x86_64)
            let levels = [
                ("x86-64-v4", ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]),
                ("x86-64-v3", ["avx2", "fma", "bmi", "bmi2"]),
                ("x86-64-v2", ["sse4.2", "popcnt"]),
            ]
            let compiled = Set(compiled)
            level = levels.first { compiled.isSuperset(of: $0.1) }?.0 ?? "x86-64"
        #elseif arch(arm64)
            level = "arm64"
        #else
            level = "portable"
        #endif
    }

    /// Throws `incompatibleMachine` when the machine lacks what was compiled.
    package func check() throws(StoaError) {
        guard !missing.isEmpty else { return }
        throw StoaError(
            .incompatibleMachine, source: .environment,
            "this program was built for \(level), and this machine lacks \(missing.joined(separator: ", "))",
            advice: "build it on this machine, or with STOA_ARCH=x86-64-v3 for machines since 2013")
    }
}
