import Glibc
import StoaColumns
import Synchronization

/// A thread with a name that debuggers and `top -H` show. Whoever makes it joins it or lets it go, exactly once.
package final class NamedThread: Sendable {
    private struct Handle: @unchecked Sendable { let thread: pthread_t }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let handle: Handle
    private let isJoined = Atomic<Bool>(false)

    private init(_ handle: Handle) { self.handle = handle }

    /// Starts a thread. Linux keeps the first 15 bytes of the name.
    package static func start(
        name: String, _ run: @escaping @Sendable () -> Void
    ) throws(StoaError) -> NamedThread {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: run))
        let status = pthread_create(&thread, nil, runBody, body.toOpaque())
        if status != 0 {
            body.release()
            throw StoaError(
                .engineFailed, source: .environment, "pthread_create failed for thread '\(name)' (error \(status))",
                advice: "raise the limit on threads (ulimit -u, pids.max) or use fewer threads")
        }
        return NamedThread(Handle(thread: thread))
    }

    private static let runBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        nameCallingThread(body.name)
        body.run()
        return nil
    }

    // pthread_setname_np is a GNU extension, which the Glibc module does not show; the kernel's file does the same.
    // A thread without its name works as well, so the outcome is not looked at.
    private static func nameCallingThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        var name = name
        _ = name.withUTF8 { write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    deinit {
        precondition(isJoined.load(ordering: .relaxed), "a thread was dropped without being joined or let go")
    }

    /// Nobody waits for the thread, which runs as long as it likes, at longest as its process.
    package func letGo() {
        let wasJoined = isJoined.exchange(true, ordering: .relaxed)
        precondition(!wasJoined, "a thread was joined and let go")
        pthread_detach(handle.thread)
    }

    /// Waits until the thread has ended.
    package func join() {
        let wasJoined = isJoined.exchange(true, ordering: .relaxed)
        precondition(!wasJoined, "a thread was joined twice")
        let status = pthread_join(handle.thread, nil)
        precondition(status == 0, "pthread_join failed (error \(status)): a thread cannot join itself")
    }
}
