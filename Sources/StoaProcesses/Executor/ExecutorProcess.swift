internal import CStoaProcess
import Glibc
import StoaColumns
import StoaTasks

/// The side of an executor: what this program becomes when it was started as one.
package enum ExecutorProcess {
    /// Turns this process into an executor, for the rest of its life, when it was started as one; returns at once when it
    /// was not. To be called before anything that only the user's own process should do.
    package static func runIfStarted() {
        guard let text = stoa_executor_marker().map({ String(cString: $0) }) else { return }
        guard let marker = ExecutorMarker(text) else {
            end("the variable \(STOA_EXECUTOR_VARIABLE) is '\(text)', which no driver has written; unset it")
        }
        guard marker.version == Frame.version else {
            end("the driver speaks version \(marker.version), this program \(Frame.version); run one program")
        }
        run(marker)
    }

    private static func run(_ marker: ExecutorMarker) -> Never {
        // What the program has printed until now is not shown. It must not lie in a buffer to be printed later.
        stoa_write_lines()
        nameProcess()
        OpenFiles.raiseLimit()
        let channel = ExecutorChannel(socket: marker.channel)
        do throws(StoaError) {
            try channel.send([.register(token: marker.token, process: Int(getpid()))])
            try ExecutorMain.run(channel)
        } catch {
            // A message that the driver does not get tells it as much as one that it gets: the executor is gone.
            channel.sendLast(.failed(error))
            leave(status: 1)
        }
    }

    // `ps` and `top` show what it is.
    private static func nameProcess() {
        let file = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "stoa-executor", 13)
        close(file)
    }

    private static func end(_ sentence: String) -> Never {
        let line = "stoa: \(sentence)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
        leave(status: 1)
    }

    /// Ends the process at once, whatever its threads do; what was printed is written before.
    static func leave(status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }
}
