import StoaColumns
import StoaExecution
import Synchronization

/// Keeps a place of a segment readable: its owner does not write there again while a lease lives. Blocks that were read
/// there keep the lease.
package final class PlaceLease: Sendable {
    package let place: BlockPlace
    private let segment: Segment
    private let dictionaries: DictionaryReaders
    private let grants = Atomic<Int>(0)
    private let giveBack: @Sendable (ReturnedPlace) -> Void

    fileprivate init(
        _ place: BlockPlace, in segment: Segment, _ dictionaries: DictionaryReaders,
        giveBack: @escaping @Sendable (ReturnedPlace) -> Void
    ) {
        self.place = place
        self.segment = segment
        self.dictionaries = dictionaries
        self.giveBack = giveBack
    }

    deinit {
        giveBack(
            ReturnedPlace(
                segment: place.segment, offset: place.offset, grants: grants.load(ordering: .relaxed)))
    }

    fileprivate func addGrant() { grants.add(1, ordering: .relaxed) }

    /// The bytes at the place.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: segment.base + place.offset, count: place.byteCount)
    }

    /// A dictionary that an image at the place names. It shares the segment's memory and keeps a lease, as long as which its
    /// owner keeps it. Throws a retryable `blockLost` when there is none.
    package func dictionary(at named: DictionaryPlace) throws(StoaError) -> StringDictionary {
        guard named.offset >= 0, named.byteCount >= 0, named.byteCount <= segment.byteCount,
            named.offset <= segment.byteCount - named.byteCount
        else {
            throw StoaError(
                .blockLost, source: .environment, "a block names a dictionary outside of its segment", isRetryable: true
            )
        }
        return try dictionaries.dictionary(at: named, of: segment.id) { (family) throws(StoaError) in
            try DictionaryImage.read(
                from: Buffer(base: segment.base + named.offset, byteCount: named.byteCount, owner: self),
                family: family)
        }
    }
}

/// The segments of others that this process reads, and the leases it has there. Guard: a mutex.
package final class SegmentReaders: Sendable {
    private struct Weakly {
        weak var lease: PlaceLease?
    }

    private struct State {
        var segments: [SegmentID: Segment] = [:]
        var leases: [BlockPlace.Key: Weakly] = [:]
    }

    private let state = Mutex(State())
    private let dictionaries = DictionaryReaders()
    private let giveBack: @Sendable (ReturnedPlace) -> Void

    /// - Parameter giveBack: is told the grants of a place when its last reader is gone; from any thread.
    package init(giveBack: @escaping @Sendable (ReturnedPlace) -> Void) { self.giveBack = giveBack }

    package func open(_ segment: Segment) { state.withLock { $0.segments[segment.id] = segment } }

    /// Forgets a segment; it stays mapped for leases that there are. When its owner is gone, the last of them keeps all the
    /// memory that the owner had shared or kept for sharing.
    package func close(_ id: SegmentID) {
        // The mapping is given up outside of the lock.
        let closed = state.withLock { $0.segments.removeValue(forKey: id) }
        withExtendedLifetime(closed) {}
    }

    /// A lease of a place of which a grant was given. Nil when the segment is not here or has no such place; the grant is
    /// returned then.
    package func lease(_ place: BlockPlace) -> PlaceLease? {
        let lease = state.withLock { state -> PlaceLease? in
            guard let segment = state.segments[place.segment], place.offset >= 0, place.byteCount >= 0,
                place.offset <= segment.byteCount - place.byteCount
            else { return nil }
            // While it is leased the place is not handed out anew, so that the name is enough.
            if let known = state.leases[place.key]?.lease {
                known.addGrant()
                return known
            }
            let made = PlaceLease(place, in: segment, dictionaries) { [weak self] returned in self?.end(returned) }
            made.addGrant()
            state.leases[place.key] = Weakly(lease: made)
            return made
        }
        if lease == nil { giveBack(ReturnedPlace(segment: place.segment, offset: place.offset, grants: 1)) }
        return lease
    }

    private func end(_ returned: ReturnedPlace) {
        // Somebody else may have leased it since. That lease must not end under the lock, which its end takes.
        let other = state.withLock { state -> PlaceLease? in
            let key = BlockPlace.Key(segment: returned.segment, offset: returned.offset)
            let other = state.leases[key]?.lease
            if other == nil { state.leases[key] = nil }
            return other
        }
        giveBack(returned)
        withExtendedLifetime(other) {}
    }

    /// Places that are leased now.
    package var leaseCount: Int {
        let leases = state.withLock { $0.leases.values.compactMap(\.lease) }
        return leases.count
    }
}
