internal import CStoaVector
import StoaColumns

/// Finds the values of two ranks among unsorted keys without sorting them.
///
/// Two values of a sorted sample enclose the ranks with a good chance; one vector pass counts what lies below and moves what
/// lies between to other memory, and the search goes on there. A miss costs one more pass, so the answer is exact whatever
/// the sample is. Which keys are sampled depends on their number alone.
/// Cost: about 0.2 ns a key and pass; a pass leaves 5 to 40 % of the keys to the next.
struct KeySelection {
    /// Keys are read in blocks of 64, so this many past the last must be readable.
    static let padding = 64
    /// So few keys are ranked by counting the lesser ones of each, in vectors.
    private static let countingLimit = 48

    private var buffers: (GrowingBuffer<Int64>, GrowingBuffer<Int64>) = (GrowingBuffer(), GrowingBuffer())
    private let samples = MemoryRegion(of: Int64.self, count: KeySelection.maximumSample)
    private static let maximumSample = 8192
    private static let smallestSample = 16

    /// The keys of two ranks, of which the upper is the lower or the next; both are below `count`.
    mutating func select(_ keys: UnsafePointer<Int64>, count: Int, lower: Int, upper: Int) -> (Int64, Int64) {
        var source = keys
        var count = count
        var (lower, upper) = (lower, upper)
        var bracket: KeyBracket?
        var writesFirst = true
        while count > Self.countingLimit {
            var scan =
                bracket
                ?? Self.bracket(
                    of: sample(source, count: count), among: count, lower: lower, upper: upper)
            bracket = nil
            let target = writesFirst ? Self.room(&buffers.0, count) : Self.room(&buffers.1, count)
            scan.scan(source, count: count, into: target)
            switch (scan.zone(of: lower), scan.zone(of: upper)) {
            case (.between, .between):
                source = UnsafePointer(target)
                count = scan.betweenCount
                lower -= scan.upToLow
                upper -= scan.upToLow
                writesFirst.toggle()
            case (.below, .below): bracket = KeyBracket(low: .min, high: scan.low)
            case (.above, .above): bracket = KeyBracket(low: scan.high, high: .max)
            case (.value(let low), .value(let high)): return (low, high)
            default:
                // The ranks are parted: each is searched by itself.
                let low = select(one: lower, source, count: count, scan, target)
                return (low, lower == upper ? low : select(one: upper, source, count: count, scan, target))
            }
        }
        return ranked(source, count: count, lower: lower, upper: upper)
    }

    /// One of two ranks that a scan has parted. `source` and `target` may be this selection's own memory, so another works
    /// on it.
    private func select(
        one rank: Int, _ source: UnsafePointer<Int64>, count: Int, _ scan: KeyBracket,
        _ target: UnsafePointer<Int64>
    ) -> Int64 {
        var other = KeySelection()
        switch scan.zone(of: rank) {
        case .value(let key): return key
        case .between:
            let rank = rank - scan.upToLow
            return other.select(target, count: scan.betweenCount, lower: rank, upper: rank).0
        case .below, .above: return other.select(source, count: count, lower: rank, upper: rank).0
        }
    }

    private static func room(_ buffer: inout GrowingBuffer<Int64>, _ count: Int) -> UnsafeMutablePointer<Int64> {
        buffer.reserve(count + padding)
        return buffer.pointer
    }

    /// A bracket around two ranks of `count` keys by a sorted sample of them; around all keys when the sample is too small.
    static func bracket(
        of sample: UnsafeBufferPointer<Int64>, among count: Int, lower: Int, upper: Int
    ) -> KeyBracket {
        if sample.count < smallestSample { return KeyBracket(low: .min, high: .max) }
        let size = Double(sample.count)
        func place(_ rank: Int) -> Double { (Double(rank) + 0.5) / Double(count) * size }
        // In standard deviations of the place: a miss is one more pass, which among few keys costs less than a wide bracket.
        let deviations = sample.count <= 64 ? 1.5 : sample.count <= 1024 ? 2.5 : 4
        let middle = place(lower) / size
        let margin = 0.5 + deviations * (size * middle * (1 - middle)).squareRoot()
        let low = Int((place(lower) - margin).rounded(.down))
        let high = Int((place(upper) + margin).rounded(.up))
        return KeyBracket(
            low: low < 0 ? .min : sample[low], high: high >= sample.count ? .max : sample[high])
    }

    /// A sorted sample: keys at multiples of the golden ratio, which no regular order of keys follows.
    private func sample(_ keys: UnsafePointer<Int64>, count: Int) -> UnsafeBufferPointer<Int64> {
        let size = count < 1 << 9 ? 16 : count < 1 << 12 ? 32 : count < 1 << 15 ? 64 : count < 1 << 20 ? 512 : 4096
        let target = samples.bound(to: Int64.self)
        for index in 0..<size { target[index] = keys[Self.samplePlace(index, of: count)] }
        return Self.sorted(target, count: size)
    }

    /// The place of sample `index` among `count`.
    @inline(__always)
    static func samplePlace(_ index: Int, of count: Int) -> Int {
        let scattered = UInt64(truncatingIfNeeded: index &+ 1) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: scattered.multipliedFullWidth(by: UInt64(truncatingIfNeeded: count)).high)
    }

    static func sorted(_ keys: UnsafeMutablePointer<Int64>, count: Int) -> UnsafeBufferPointer<Int64> {
        if count <= 64 {
            var index = 1
            while index < count {
                let key = keys[index]
                var place = index
                while place > 0, key < keys[place &- 1] {
                    keys[place] = keys[place &- 1]
                    place &-= 1
                }
                keys[place] = key
                index &+= 1
            }
        } else {
            var all = UnsafeMutableBufferPointer(start: keys, count: count)
            all.sort()
        }
        return UnsafeBufferPointer(start: keys, count: count)
    }

    /// Few keys: of those that have at most a rank's number of keys below them, the one of the rank has most.
    private func ranked(_ keys: UnsafePointer<Int64>, count: Int, lower: Int, upper: Int) -> (Int64, Int64) {
        let padded = samples.bound(to: Int64.self)
        let vectors = (count + 7) / 8
        padded.update(from: keys, count: count)
        (padded + count).update(repeating: .max, count: vectors * 8 - count)
        var (low, high) = ((below: -1, key: Int64.max), (below: -1, key: Int64.max))
        for index in 0..<count {
            let key = padded[index]
            let below = Int(stoa_count_less_i64(padded, Int64(vectors), key))
            if below <= lower, below >= low.below { low = (below, key) }
            if below <= upper, below >= high.below { high = (below, key) }
        }
        return (low.key, high.key)
    }
}

/// Two keys, and how many of the keys scanned so far lie below, at, between and above them.
struct KeyBracket {
    let low: Int64
    let high: Int64
    private(set) var belowLow = 0
    private(set) var upToLow = 0
    private(set) var betweenCount = 0
    private(set) var upToHigh = 0

    init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }

    /// Where a rank lies.
    enum Zone {
        case below, above
        /// Strictly between the two keys.
        case between
        /// It is one of them.
        case value(Int64)
    }

    func zone(of rank: Int) -> Zone {
        if rank < belowLow { return .below }
        if rank < upToLow { return .value(low) }
        if rank < upToLow + betweenCount { return .between }
        return rank < upToHigh ? .value(high) : .above
    }

    /// Counts keys and moves those strictly between to `target`, behind those of earlier scans. Reads up to
    /// `KeySelection.padding` keys past the last and writes as many past the last moved one.
    mutating func scan(_ keys: UnsafePointer<Int64>, count: Int, into target: UnsafeMutablePointer<Int64>) {
        var (below, lowEnd, highEnd) = (0, 0, 0)
        var next = UnsafeMutableRawPointer(target + betweenCount).assumingMemoryBound(to: UInt64.self)
        let first = next
        var start = 0
        while start < count {
            let rows = min(64, count &- start)
            let valid: UInt64 = rows == 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: rows)) &- 1
            let words = stoa_place_i64(keys + start, low, high)
            below &+= (words.below_low & valid).nonzeroBitCount
            lowEnd &+= (words.up_to_low & valid).nonzeroBitCount
            highEnd &+= (words.up_to_high & valid).nonzeroBitCount
            let between = words.below_high & ~words.up_to_low & valid
            let block = UnsafeRawPointer(keys + start).assumingMemoryBound(to: UInt64.self)
            next += Int(stoa_compress_64(block, between, next))
            start &+= 64
        }
        belowLow &+= below
        upToLow &+= lowEnd
        upToHigh &+= highEnd
        betweenCount &+= next - first
    }
}
