import Synchronization

/// Dictionaries whose codes mean the same texts: of any two, one is a prefix of the other.
///
/// A dictionary that grows gives a longer one at each look; whoever meets them in different columns compares codes of one
/// family as they are, and needs one map per family. Guard: atomic.
package final class DictionaryFamily: Sendable {
    private let longest = Atomic<Int>(0)

    package init() {}

    /// Entries of the longest dictionary so far: an upper bound of the codes in all columns made until now.
    package var entryCount: Int { longest.load(ordering: .relaxed) }

    func note(entryCount: Int) { _ = longest.max(entryCount, ordering: .relaxed) }
}

/// The distinct strings that the codes of a dictionary-encoded column stand for.
///
/// Values are distinct and none is null, so equal codes of one dictionary mean equal strings and different codes mean
/// different strings; import rewrites dictionaries that are not so. So it is between dictionaries of one family, which
/// `===` of their families tells; a dictionary that shares its codes with no other one is a family of its own.
/// The order of entries means nothing: it may depend on which thread came first.
package final class StringDictionary: Sendable {
    /// The strings, a plain utf8 column without nulls.
    package let values: Column
    /// Whose codes are comparable with these.
    package let family: DictionaryFamily
    private let knownHashes: Mutex<Buffer?>

    /// A dictionary of distinct strings; traps on nulls and on an encoded column, not on repeated strings (the maker's duty).
    ///
    /// - Parameter hashes: the `TextHash` of each string where the maker has them.
    package init(values: Column, hashes: Buffer? = nil, family: DictionaryFamily = DictionaryFamily()) {
        precondition(
            values.type == .utf8 && values.nullCount == 0 && !values.isDictionaryEncoded,
            "a dictionary is a plain utf8 column without nulls")
        self.values = values
        self.family = family
        knownHashes = Mutex(hashes)
        family.note(entryCount: values.count)
    }

    /// Number of distinct strings.
    package var count: Int { values.count }

    /// The `TextHash` of each string, computed once; they live as long as the dictionary.
    package var hashes: UnsafePointer<UInt64> {
        knownHashes.withLock { known in
            if let known { return known.pointer(as: UInt64.self) }
            let region = MemoryRegion(of: UInt64.self, count: values.count)
            if let (offsets, bytes) = values.text {
                TextHash.fill(offsets, bytes, rows: values.count, into: region.bound(to: UInt64.self))
            }
            known = region.buffer
            return UnsafePointer(region.bound(to: UInt64.self))
        }
    }
}
