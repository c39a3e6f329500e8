import StoaTasks
import Synchronization

/// Where outputs are that others can read, and who reads there: the driver's process keeps it for all segments.
///
/// A place is condemned when the last block of its output is dropped, and free when nobody has a grant of it; its owner may
/// write there again when it is told so. What the session has given is known by its name alone: it can be had until it is
/// dropped, whoever has died meanwhile. Guard: a mutex.
package final class PlaceTable: Sendable {
    /// Who reads: an executor, or the driver's process.
    package struct Holder: Hashable, Sendable {
        let value: Int

        package init(_ executor: ExecutorID) { value = executor.value }
        private init(_ value: Int) { self.value = value }

        package static let driver = Holder(-1)
    }

    private struct Output {
        let place: BlockPlace
        /// Blocks of it that were not dropped.
        var blockCount: Int
    }

    /// What the session has given, in the driver's segment.
    private struct Given {
        let place: BlockPlace
        /// Executors that live and were told to have it; none while it waits for another one to take it.
        var holders: Set<ExecutorID>
    }

    fileprivate struct PlaceState {
        var isCondemned = false
        /// How many grants each holder has.
        var grants: [(holder: Holder, count: Int)] = []
    }

    private struct State {
        var outputs: [OutputLocation: Output] = [:]
        var given: [OutputID: Given] = [:]
        var places: [BlockPlace.Key: PlaceState] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Notes where an output is; gives the places that are free now because it was elsewhere before.
    package func record(_ location: OutputLocation, at place: BlockPlace, blockCount: Int) -> [BlockPlace.Key] {
        state.withLock { state in
            let replaced = state.outputs.updateValue(Output(place: place, blockCount: blockCount), forKey: location)
            // An executor publishes an output once, and says so again to whoever asks.
            if replaced?.place == place { return [] }
            state.places[place.key] = PlaceState()
            guard let replaced else { return [] }
            return Self.condemn(replaced.place.key, &state)
        }
    }

    /// Notes where an output is that the session gives an executor; gives the places that are free now because it was
    /// elsewhere before.
    package func give(_ output: OutputID, at place: BlockPlace, to executor: ExecutorID) -> [BlockPlace.Key] {
        state.withLock { state in
            let replaced = state.given.updateValue(Given(place: place, holders: [executor]), forKey: output)
            state.places[place.key] = PlaceState()
            guard let replaced else { return [] }
            return Self.condemn(replaced.place.key, &state)
        }
    }

    /// Notes that an executor is to have these blocks as well, as far as the session has given them.
    package func hold(_ blocks: some Sequence<BlockID>, by executor: ExecutorID) {
        state.withLock { state in
            for block in blocks { state.given[OutputID(block)]?.holders.insert(executor) }
        }
    }

    /// Where an output is, with a grant for who is going to read it; nil when it is not known.
    package func grant(_ location: OutputLocation, to holder: Holder) -> BlockPlace? {
        state.withLock { state in
            guard let place = state.outputs[location]?.place ?? state.given[location.output]?.place else { return nil }
            state.places[place.key]?.add(1, holder)
            return place
        }
    }

    /// Takes grants back; gives the places that are free now.
    package func returned(_ places: [ReturnedPlace], by holder: Holder) -> [BlockPlace.Key] {
        state.withLock { state in
            places.compactMap { returned in
                let key = BlockPlace.Key(segment: returned.segment, offset: returned.offset)
                state.places[key]?.add(-returned.grants, holder)
                return Self.release(key, &state)
            }
        }
    }

    /// Forgets blocks that nobody needs on an executor; gives the places that are free now.
    package func drop(_ blocks: [BlockID], on executor: ExecutorID) -> [BlockPlace.Key] {
        state.withLock { state in
            var free: [BlockPlace.Key] = []
            for block in blocks {
                let location = OutputLocation(output: OutputID(block), executor: executor)
                guard let position = state.outputs.index(forKey: location) else {
                    free += Self.drop(location, &state)
                    continue
                }
                state.outputs.values[position].blockCount -= 1
                if state.outputs.values[position].blockCount > 0 { continue }
                let place = state.outputs.remove(at: position).value.place
                free += Self.condemn(place.key, &state)
            }
            return free
        }
    }

    // What was given goes with the last executor that was told to have it and lives.
    private static func drop(_ location: OutputLocation, _ state: inout State) -> [BlockPlace.Key] {
        guard var given = state.given[location.output] else { return [] }
        given.holders.remove(location.executor)
        state.given[location.output] = given.holders.isEmpty ? nil : given
        return given.holders.isEmpty ? condemn(given.place.key, &state) : []
    }

    /// Forgets an output as a whole; gives the places that are free now.
    package func forget(_ location: OutputLocation) -> [BlockPlace.Key] {
        state.withLock { state in
            guard let output = state.outputs.removeValue(forKey: location) else { return [] }
            return Self.condemn(output.place.key, &state)
        }
    }

    /// Forgets an executor that is gone: what is in its segment, and what it has read; gives the places of others that are
    /// free now. What it was given in the driver's segment stays where it is, to be had by others.
    package func remove(_ executor: ExecutorID) -> [BlockPlace.Key] {
        state.withLock { state in
            let own = SegmentID(executor)
            var free: [BlockPlace.Key] = []
            for (location, output) in state.outputs where output.place.segment == own { state.outputs[location] = nil }
            for output in Array(state.given.keys) { state.given[output]?.holders.remove(executor) }
            for key in Array(state.places.keys) {
                if key.segment == own {
                    state.places[key] = nil
                } else if state.places[key]?.forget(Holder(executor)) == true,
                    let released = Self.release(key, &state)
                {
                    free.append(released)
                }
            }
            return free
        }
    }

    /// Outputs that are known, and places that are in use: none when no job and no dataset is left.
    package var counts: (outputs: Int, places: Int) {
        state.withLock { ($0.outputs.count + $0.given.count, $0.places.count) }
    }

    private static func condemn(_ key: BlockPlace.Key, _ state: inout State) -> [BlockPlace.Key] {
        state.places[key]?.isCondemned = true
        return release(key, &state).map { [$0] } ?? []
    }

    /// The place when it is free, which it is told but once.
    private static func release(_ key: BlockPlace.Key, _ state: inout State) -> BlockPlace.Key? {
        guard let place = state.places[key], place.isCondemned, place.grants.isEmpty else { return nil }
        state.places[key] = nil
        return key
    }
}

extension PlaceTable.PlaceState {
    fileprivate mutating func add(_ count: Int, _ holder: PlaceTable.Holder) {
        guard let position = grants.firstIndex(where: { $0.holder == holder }) else {
            if count > 0 { grants.append((holder, count)) }
            return
        }
        grants[position].count += count
        // One that returns more than it was given has nothing left.
        if grants[position].count <= 0 { grants.remove(at: position) }
    }

    /// Whether the holder had grants.
    fileprivate mutating func forget(_ holder: PlaceTable.Holder) -> Bool {
        guard let position = grants.firstIndex(where: { $0.holder == holder }) else { return false }
        grants.remove(at: position)
        return true
    }
}
