import StoaColumns
import StoaCoreGroups

/// How executors are started as processes. The defaults start one a core group, bound to its CPUs and its memory.
package struct ProcessOptions: Sendable {
    /// How many, with how many threads, on which CPUs.
    package var coreGroups = CoreGroupOptions()
    /// How often an executor says that it lives.
    package var heartbeatNanoseconds = 200_000_000
    /// An executor that says nothing for so long is lost, and killed.
    package var heartbeatTimeoutNanoseconds = 5_000_000_000
    /// How long a program may take until it opens its session.
    package var registrationTimeoutNanoseconds = 30_000_000_000
    /// How long executors that were asked to end may take until they are killed.
    package var stopNanoseconds = 2_000_000_000
    /// The program to start and its arguments, the first of which is its name; nil for this one.
    package var program: (path: String, arguments: [String])?
    /// Added to the environment of executors.
    package var environment: [String: String] = [:]
    /// Takes what executors print, in whole lines; nil for this process's standard output and error.
    package var output: (@Sendable (_ text: [UInt8], _ isError: Bool) -> Void)?

    package init() {}

    func check() throws(StoaError) {
        guard heartbeatNanoseconds > 0, heartbeatTimeoutNanoseconds >= 2 * heartbeatNanoseconds else {
            throw StoaError(
                .invalidArgument, "executors are lost after \(heartbeatTimeoutNanoseconds / 1_000_000) ms of silence",
                advice: "give at least \(2 * heartbeatNanoseconds / 1_000_000) ms, two heartbeats")
        }
    }
}
