import StoaTestSupport
import Testing

/// The short form of `make chaos`: every fault once and more, each run with the bits of the clean one or a documented error,
/// and nothing left behind.
@Suite(.serialized) struct ChaosTests {
    @Test func executorsUnderFaults() throws {
        let outcome = try BuiltProgram.chaos.run(["--runs", "16", "--seed", "1", "--rows", "100000"])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("16 runs, 0 broke a promise"), "\(outcome.output)")
    }

    @Test func wrongArguments() throws {
        let outcome = try BuiltProgram.chaos.run(["--fault", "earthquake"])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("kill, stop, exit, memory, disk, frame, error, add, remove"))
    }
}
