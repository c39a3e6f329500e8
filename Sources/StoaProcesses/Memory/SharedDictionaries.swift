import StoaColumns
import StoaExecution
import Synchronization

/// The dictionaries of this process's segment that block images name, each written once for many of them: readers then
/// compare codes of different images as they are. A dictionary stays as long as an output whose images name it. Guard: a
/// mutex.
package final class SharedDictionaries: Sendable {
    private struct Entry {
        /// Keeps its identity from being that of another one.
        let family: DictionaryFamily
        let place: DictionaryPlace
        let count: Int
        /// Outputs that name it, those included that are being written.
        var userCount: Int
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// The number of each family, and the offset of its longest dictionary.
        var families: [ObjectIdentifier: (number: Int, offset: Int)] = [:]
        var nextFamily = 0
        /// Offsets of the dictionaries that the output at an offset names.
        var outputs: [Int: [Int]] = [:]
    }

    /// How the blocks of an output use the dictionaries of a family.
    private struct Use {
        var longest: StringDictionary
        var rowCount = 0
        var blockCount = 0
        var lastBlock = -1
    }

    private let arena: SegmentArena
    private let state = Mutex(State())

    /// A dictionary of more entries a row is not shared: the images hold the entries that they use.
    private static let entriesPerRow = 4

    package init(arena: SegmentArena) { self.arena = arena }

    /// Dictionaries that are in the segment now.
    package var count: Int { state.withLock { $0.entries.count } }

    /// Writes, unless they are there, the dictionaries that images of these blocks should name; by their families. They stay
    /// until they are kept for an output that is freed, or given back. Throws `outOfMemory`.
    func take(for blocks: [Block]) throws(StoaError) -> [ObjectIdentifier: DictionaryPlace] {
        var places: [ObjectIdentifier: DictionaryPlace] = [:]
        for (family, use) in Self.uses(of: blocks) where use.rowCount * Self.entriesPerRow >= use.longest.count {
            do throws(StoaError) {
                places[family] = try state.withLock { take(use, &$0) }.get()
            } catch {
                giveBack(places.values)
                throw error
            }
        }
        return places
    }

    private static func uses(of blocks: [Block]) -> [ObjectIdentifier: Use] {
        var uses: [ObjectIdentifier: Use] = [:]
        for (number, block) in blocks.enumerated() {
            guard case .rows(let batches) = block.content else { continue }
            for column in batches.lazy.flatMap(\.columns) {
                guard let dictionary = column.dictionaryCodes?.dictionary else { continue }
                var use = uses[ObjectIdentifier(dictionary.family)] ?? Use(longest: dictionary)
                if dictionary.count > use.longest.count { use.longest = dictionary }
                use.rowCount += column.count
                if use.lastBlock != number { use.blockCount += 1 }
                use.lastBlock = number
                uses[ObjectIdentifier(dictionary.family)] = use
            }
        }
        return uses
    }

    /// Nil for a dictionary that the one block which uses it may as well hold.
    private func take(_ use: Use, _ state: inout State) -> Result<DictionaryPlace?, StoaError> {
        let dictionary = use.longest
        let family = ObjectIdentifier(dictionary.family)
        if let known = state.families[family], let entry = state.entries[known.offset],
            entry.count >= dictionary.count
        {
            state.entries[known.offset]?.userCount += 1
            return .success(entry.place)
        }
        if use.blockCount < 2 { return .success(nil) }
        let stretch: BlockPlace
        do throws(StoaError) {
            stretch = try arena.allocate(DictionaryImage.byteCount(of: dictionary))
        } catch {
            return .failure(error)
        }
        // Under the lock: who needs it, too, waits for it.
        DictionaryImage.write(dictionary, into: arena.segment.base + stretch.offset)
        let number: Int
        if let known = state.families[family] {
            number = known.number
        } else {
            number = state.nextFamily
            state.nextFamily += 1
        }
        let place = DictionaryPlace(family: number, offset: stretch.offset, byteCount: stretch.byteCount)
        state.families[family] = (number, stretch.offset)
        state.entries[stretch.offset] = Entry(
            family: dictionary.family, place: place, count: dictionary.count, userCount: 1)
        return .success(place)
    }

    /// The output at this offset names dictionaries that were taken.
    func keep(_ places: some Collection<DictionaryPlace>, forOutputAt offset: Int) {
        if places.isEmpty { return }
        state.withLock { $0.outputs[offset] = places.map(\.offset) }
    }

    /// An output that was to name them was not written.
    func giveBack(_ places: some Collection<DictionaryPlace>) {
        let freed = state.withLock { state in places.compactMap { Self.leave($0.offset, &state) } }
        for offset in freed { arena.free(offset) }
    }

    /// Nobody reads the output at this offset any more.
    package func release(outputAt offset: Int) {
        let freed = state.withLock { state in
            (state.outputs.removeValue(forKey: offset) ?? []).compactMap { Self.leave($0, &state) }
        }
        for offset in freed { arena.free(offset) }
    }

    /// The offset when nobody names the dictionary any more.
    private static func leave(_ offset: Int, _ state: inout State) -> Int? {
        state.entries[offset]?.userCount -= 1
        guard let entry = state.entries[offset], entry.userCount == 0 else { return nil }
        state.entries[offset] = nil
        let family = ObjectIdentifier(entry.family)
        if state.families[family]?.offset == offset { state.families[family] = nil }
        return offset
    }
}

/// The dictionaries of other processes that are read here, one object for all images that name one. Guard: a mutex.
final class DictionaryReaders: Sendable {
    private struct FamilyKey: Hashable {
        let segment: SegmentID
        let number: Int
    }

    private struct WeakFamily {
        weak var family: DictionaryFamily?
    }

    private struct WeakDictionary {
        weak var dictionary: StringDictionary?
    }

    private struct State {
        var families: [FamilyKey: WeakFamily] = [:]
        var dictionaries: [BlockPlace.Key: WeakDictionary] = [:]
        /// Tables of so many entries are cleared of what is gone.
        var sweepCount = 64
    }

    private let state = Mutex(State())

    /// The dictionary at a place: the one that is read already, or what `read` gives. While it is read its place is not
    /// written anew, since it keeps the lease of an output that names it.
    func dictionary(
        at place: DictionaryPlace, of segment: SegmentID,
        _ read: (DictionaryFamily) throws(StoaError) -> StringDictionary
    ) throws(StoaError) -> StringDictionary {
        let result = state.withLock { state -> Result<StringDictionary, StoaError> in
            let key = BlockPlace.Key(segment: segment, offset: place.offset)
            let familyKey = FamilyKey(segment: segment, number: place.family)
            if let known = state.dictionaries[key]?.dictionary { return .success(known) }
            Self.sweep(&state)
            let family = state.families[familyKey]?.family ?? DictionaryFamily()
            do throws(StoaError) {
                let made = try read(family)
                state.families[familyKey] = WeakFamily(family: family)
                state.dictionaries[key] = WeakDictionary(dictionary: made)
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func sweep(_ state: inout State) {
        if state.dictionaries.count < state.sweepCount { return }
        state.dictionaries = state.dictionaries.filter { $1.dictionary != nil }
        state.families = state.families.filter { $1.family != nil }
        state.sweepCount = max(64, state.dictionaries.count * 2)
    }
}
