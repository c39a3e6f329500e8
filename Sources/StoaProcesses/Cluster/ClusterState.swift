import Glibc
import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// What the cluster's thread and its callers share: the executors there are, the places of outputs, the driver's own segment.
final class ClusterState: Sendable {
    typealias Listener = @Sendable ([ClusterEvent]) -> Void

    private final class Ear: Sendable {
        let hear: Listener
        init(_ hear: @escaping Listener) { self.hear = hear }
    }

    /// The segment of what the session was given, made when it is given something.
    private struct Own: Sendable {
        let file: SegmentFile
        let arena: SegmentArena
    }

    /// Leases end anywhere; they must not keep the state alive.
    private final class Returns: Sendable {
        let state = Mutex<Weakly>(Weakly())
        struct Weakly { weak var state: ClusterState? }

        func give(_ place: ReturnedPlace) {
            guard let state = state.withLock({ $0.state }) else { return }
            state.free(state.table.returned([place], by: .driver))
        }
    }

    let table = PlaceTable()
    let readers: SegmentReaders
    let fetches = FetchTable()
    let works = RecentWorks()
    private let handles = Mutex<[ExecutorID: ExecutorHandle]>([:])
    private let listener = Mutex<Ear?>(nil)
    private let own = Mutex<Own?>(nil)
    private let firstPinningError = Mutex<StoaError?>(nil)

    init() {
        let returns = Returns()
        readers = SegmentReaders { returns.give($0) }
        returns.state.withLock { $0.state = self }
    }

    // MARK: - Executors

    func handle(_ id: ExecutorID) -> ExecutorHandle? { handles.withLock { $0[id] } }

    /// All executors that are not gone, by their number.
    var all: [ExecutorHandle] { handles.withLock { Array($0.values) }.sorted { $0.id < $1.id } }

    func add(_ handle: ExecutorHandle) { handles.withLock { $0[handle.id] = handle } }

    func remove(_ id: ExecutorID) {
        let removed = handles.withLock { $0.removeValue(forKey: id) }
        withExtendedLifetime(removed) {}
    }

    func listen(_ hear: Listener?) { listener.withLock { $0 = hear.map(Ear.init) } }

    /// Tells the driver, unless the cluster has been stopped.
    func post(_ events: [ClusterEvent]) { listener.withLock { $0 }?.hear(events) }

    /// What an executor could not bind first; it works as well without.
    var pinningError: StoaError? { firstPinningError.withLock { $0 } }

    func note(pinningError: StoaError) { firstPinningError.withLock { $0 = $0 ?? pinningError } }

    /// Sends what is never too large.
    func send(_ commands: [ExecutorCommand], to executor: ExecutorID) {
        guard let handle = handle(executor) else { return }
        do throws(StoaError) {
            try handle.channel.send(commands)
        } catch {
            preconditionFailure("a command to \(executor) cannot be sent: \(error)")
        }
    }

    // MARK: - Places

    /// Tells the owners that nobody reads these places any more.
    func free(_ places: [BlockPlace.Key]) {
        if places.isEmpty { return }
        var offsets: [SegmentID: [Int]] = [:]
        for place in places { offsets[place.segment, default: []].append(place.offset) }
        for (segment, offsets) in offsets {
            if segment == .driver {
                let arena = own.withLock { $0?.arena }
                for offset in offsets { arena?.free(offset) }
            } else {
                send([.free(offsets)], to: ExecutorID(segment.value))
            }
        }
    }

    /// Takes back what an executor was granted while it was being forgotten.
    func returnGrants(ofGone executor: ExecutorID) {
        if handle(executor) == nil { free(table.remove(executor)) }
    }

    /// Asks an executor for the place of an output of its own.
    func fetch(_ location: OutputLocation, for asker: FetchTable.Asker) {
        guard let number = fetches.add(location, asker) else { return }
        guard handle(location.executor) != nil else {
            if let fetch = fetches.take(number, from: location.executor) { answer(fetch, nil) }
            return
        }
        send([.publish(request: number, location.output)], to: location.executor)
    }

    /// An executor has answered; nil when the output is not there any more.
    func published(_ number: Int, _ output: PublishedOutput?, by executor: ExecutorID) {
        guard let fetch = fetches.take(number, from: executor) else { return }
        guard let output else { return answer(fetch, nil) }
        free(table.record(fetch.location, at: output.place, blockCount: output.blockCount))
        answer(fetch, output.place)
        if fetch.isDropped { free(table.forget(fetch.location)) }
    }

    func answer(_ fetch: FetchTable.Fetch, _ place: BlockPlace?) {
        for asker in fetch.askers {
            switch asker {
            case .driver(let wait): wait.answer(place == nil ? nil : table.grant(fetch.location, to: .driver))
            case .executor(let id, let request):
                let granted = place == nil ? nil : table.grant(fetch.location, to: .init(id))
                send([.fetched(request: request, granted)], to: id)
                returnGrants(ofGone: id)
            }
        }
    }

    /// A block, whose columns share the memory of the segment that it is in. Throws a retryable `blockLost` when nobody has
    /// it.
    func read(_ location: BlockLocation) throws(StoaError) -> Block {
        let output = OutputLocation(location)
        var place = table.grant(output, to: .driver)
        if place == nil {
            let wait = DriverWait()
            fetch(output, for: .driver(wait))
            place = wait.wait()
        }
        guard let place, let lease = readers.lease(place) else {
            throw StoaError(
                .blockLost, source: .environment, "\(location.executor) no longer holds the block \(location.block)",
                isRetryable: true)
        }
        return try OutputImage.read(location.block.placeInOutput, from: lease)
    }

    // MARK: - The driver's segment

    /// Copies a block to the driver's segment, for an executor to have.
    func put(_ block: Block, id: BlockID, on executor: ExecutorID) throws(StoaError) {
        let arena = try ownArena()
        let place = try OutputImage.write([block], to: arena)
        let location = OutputLocation(output: OutputID(id), executor: executor)
        free(table.give(location.output, at: place, to: executor))
        if let granted = table.grant(location, to: .init(executor)) { send([.adopt(id, granted)], to: executor) }
        returnGrants(ofGone: executor)
    }

    /// Tells an executor that joins of the driver's segment, now if there is one, else when there is.
    func introduce(_ handle: ExecutorHandle) throws(StoaError) {
        let result = own.withLock { own -> Result<Void, StoaError> in
            do throws(StoaError) {
                handle.isIntroduced.store(true, ordering: .relaxed)
                if let own { try Self.announce(own.file, to: handle) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private static func announce(_ file: SegmentFile, to handle: ExecutorHandle) throws(StoaError) {
        try handle.channel.send(
            .segment(.driver, byteCount: file.byteCount), descriptor: try file.readOnlyDescriptor())
    }

    private func ownArena() throws(StoaError) -> SegmentArena {
        let result = own.withLock { own -> Result<SegmentArena, StoaError> in
            if let own { return .success(own.arena) }
            do throws(StoaError) {
                let file = try SegmentFile(name: "stoa driver", byteCount: SegmentFile.defaultByteCount)
                let segment = try Segment(
                    id: .driver, descriptor: file.descriptor, byteCount: file.byteCount, isWritable: true)
                // Before any place in it.
                for handle in all where handle.isIntroduced.load(ordering: .relaxed) {
                    try Self.announce(file, to: handle)
                }
                readers.open(segment)
                let made = Own(file: file, arena: SegmentArena(segment))
                own = made
                return .success(made.arena)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
