import StoaColumns
import StoaKernels
import Testing

@Suite struct InstructionSetTests {
    @Test func thisMachineRunsThisBuild() throws {
        #expect(InstructionSet.current.missing.isEmpty)
        try InstructionSet.current.check()
    }

    @Test func aMachineThatLacksSomething() {
        let set = InstructionSet([
            ("avx2", true, true), ("fma", true, true), ("bmi", true, true), ("bmi2", true, false),
            ("avx512f", false, false),
        ])
        #expect(set.compiled == ["avx2", "fma", "bmi", "bmi2"])
        #expect(set.missing == ["bmi2"])
        let error = #expect(throws: StoaError.self) { try set.check() }
        #expect(error?.code == .incompatibleMachine)
        #expect(error?.message.contains("lacks bmi2") == true)
        #expect(error?.advice.contains("STOA_ARCH=x86-64-v3") == true)
    }
}
