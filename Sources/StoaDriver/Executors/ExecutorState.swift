import StoaColumns
import StoaTasks

/// Where an executor is.
///
/// ```
///   active <----> excluded          its tasks fail too often; time
///     |  ^            |
///     v  |            v
///    draining <-------+             it is to leave, and runs, keeps or is copied from
///        |
///        v
///     leaving                       the cluster was asked to end it
///        |
///        v
///      gone                         from each of them when it dies
/// ```
enum ExecutorState {
    /// Is given tasks.
    case active
    /// Is given no task until then, on the loop's clock.
    case excluded(until: Int)
    case draining(Drain)
    case leaving(Drain)
    case gone

    /// Whether it answers and holds blocks.
    var isAlive: Bool { if case .gone = self { false } else { true } }

    /// The same for people.
    var name: String {
        switch self {
        case .active: "active"
        case .excluded: "excluded"
        case .draining: "draining"
        case .leaving: "leaving"
        case .gone: "gone"
        }
    }
}

/// What has to happen before an executor leaves, and who waits for it.
struct Drain {
    enum Phase {
        /// Until its running tasks have answered.
        case runningTasks
        /// Until this many calls of `Cluster.copy` have answered; whether all so far did.
        case copying(left: Int, isWhole: Bool)
        /// Its blocks were copied as far as they can be; results that were handed out are still to be read there.
        case copied
    }

    var phase = Phase.runningTasks
    /// What others hold by now as well.
    var copied: [BlockID] = []
    var replies: [@Sendable (Result<Void, StoaError>) -> Void] = []

    func reply(_ result: Result<Void, StoaError>) { for reply in replies { reply(result) } }
}
