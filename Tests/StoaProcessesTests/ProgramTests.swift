import Foundation
import StoaTestSupport
import Testing

/// Programs whose sessions have processes for executors, as users run them.
@Suite(.serialized) struct ProgramTests {
    private let fixture = BuiltProgram.processFixture

    /// The same bits, whatever executors are.
    @Test(arguments: ["processes:1x2", "processes:2x1", "processes:3x2"])
    func sameBitsAsInsideTheProcess(cluster: String) throws {
        let expected = try fixture.run(["queries", "embedded:1x1", "20000"])
        #expect(expected.status == 0, "\(expected.errors)")
        #expect(expected.output.split(separator: "\n").count == 15)
        let outcome = try fixture.run(["queries", cluster, "20000"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == expected.output)
        #expect(outcome.errors.isEmpty)
    }

    /// Executors are killed all the time, and replaced; the answers are those of a quiet day.
    @Test func sameBitsWhileExecutorsAreKilled() throws {
        let expected = try fixture.run(["queries", "embedded:1x1", "200000"])
        let outcome = try fixture.run(["killed", "processes:3x1", "200000"])
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
        #expect(outcome.output == expected.output)
    }

    /// A task that ends its process, traps, or writes garbage to the driver costs its executor, not the job.
    @Test(arguments: ["exit", "trap", "garbage"])
    func misbehavingTasksAreTriedAgain(how: String) throws {
        let folder = try TemporaryFolder()
        let outcome = try fixture.run(["misbehave", how, folder.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "780\n")
        #expect(try folder.contents() == ["done"])
    }

    /// Of a file that it wrote nothing stays behind, not even under a hidden name.
    @Test func anExecutorKilledWhileItWritesLeavesNoFile() throws {
        let folder = try TemporaryFolder()
        let outcome = try fixture.run(["write", folder.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "1000000\n")
        #expect(try folder.contents() == ["done", "out.csv"])
    }

    /// Nobody waits for a function that does not return: its process is killed and replaced, and killed at the end.
    @Test func whoHangsIsKilled() throws {
        let folder = try TemporaryFolder()
        let outcome = try fixture.run(["hang", folder.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "cancelled\n780\ncancelled\n")
    }

    @Test func whatExecutorsPrintHasTheirNames() throws {
        let outcome = try fixture.run(["print"])
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        // The banner of the user's own process alone; nothing of the tasks is lost at the end.
        #expect(lines.first == "a banner" && lines.last == "the end" && lines.count == 6)
        let rows = lines.dropFirst().dropLast()
        #expect(rows.allSatisfy { $0.hasPrefix("executor 0 | row ") || $0.hasPrefix("executor 1 | row ") })
        #expect(Set(rows.compactMap { $0.last }) == ["0", "1", "2", "3"])
        let errors = outcome.errors.split(separator: "\n")
        #expect(errors.allSatisfy { $0.hasPrefix("executor ") && $0.contains(" | unfinished ") })
        for row in 0..<4 { #expect(outcome.errors.contains("unfinished \(row)")) }
    }

    @Test func aProgramThatLeavesBeforeItsSessionIsToldSo() throws {
        let folder = try TemporaryFolder()
        let outcome = try fixture.run(["leave-early", folder.path("first")])
        #expect(outcome.output.contains("ended with status 3 before it opened a session"))
        #expect(outcome.output.contains("this run is the second"))
    }
}
