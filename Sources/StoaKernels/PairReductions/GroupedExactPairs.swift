import StoaColumns

/// The moments of pairs in 64 bits: half the memory of the exact state and plain additions, as long as a bound on the values
/// seen says that no sum can overflow.
struct NarrowPairState: BitwiseCopyable {
    var count: Int64 = 0
    var x: Int64 = 0
    var y: Int64 = 0
    var xx: Int64 = 0
    var yy: Int64 = 0
    var xy: Int64 = 0

    enum Add<Value: FixedWidthInteger & BitwiseCopyable>: PairStep {
        @inline(__always)
        static func add(_ x: Value, _ y: Value, to state: inout NarrowPairState) {
            let (x, y) = (Int64(truncatingIfNeeded: x), Int64(truncatingIfNeeded: y))
            state.count &+= 1
            state.x &+= x
            state.y &+= y
            state.xx &+= x &* x
            state.yy &+= y &* y
            state.xy &+= x &* y
        }
    }

    var exact: ExactPairState {
        ExactPairState(
            count: count, x: Int128(x), y: Int128(y), xx: Int128(xx), yy: Int128(yy), xy: Int128(xy))
    }
}

/// Exact moments of pairs of integers, by group.
///
/// Rows go to states of 64 bits; before a batch could take one of them to 2^62 they are moved to exact states and begin anew. A
/// batch that could do so alone goes to the exact states row by row. Both give the same sums, so nothing depends on batches.
final class GroupedExactPairs: GroupedReduction {
    private let description: ReductionDescription
    private var groupCount = 0
    private var narrow = GrowingBuffer<NarrowPairState>()
    private var exact = GrowingBuffer<ExactPairState>()
    /// No sum in `narrow` is larger.
    private var narrowBound: UInt64 = 0
    /// Rows since the narrow states were emptied, which passes over all groups and so waits for as many rows.
    private var rowsSinceWide = 0
    private static let narrowLimit: UInt64 = 1 << 62

    init(_ description: ReductionDescription) { self.description = description }

    func grow(to count: Int) { groupCount = max(groupCount, count) }

    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int) {
        preconditionFailure("\(description.text) takes two arguments")
    }

    func update(_ first: Column, _ second: Column, ids: UnsafePointer<Int32>, count: Int) {
        let first = description.checked(first, count: count)
        let second = description.checked(second, count: count)
        if first.type.storageType == .int32 {
            update(first.values(as: Int32.self), second.values(as: Int32.self), first, second, ids: ids, count: count)
        } else {
            update(first.values(as: Int64.self), second.values(as: Int64.self), first, second, ids: ids, count: count)
        }
    }

    @inline(__always)
    private func update<Value: FixedWidthInteger & BitwiseCopyable>(
        _ x: UnsafePointer<Value>, _ y: UnsafePointer<Value>, _ first: Column, _ second: Column,
        ids: UnsafePointer<Int32>, count: Int
    ) {
        if takesNarrow(bits: PairMagnitude.bits(x, y, count: count), rows: count) {
            PairRows.apply(
                NarrowPairState.Add<Value>.self, x, y, validOf: first, second, to: narrow.pointer, ids: ids,
                count: count)
        } else {
            PairRows.apply(
                ExactPairState.Add<Value>.self, x, y, validOf: first, second, to: exact.pointer, ids: ids, count: count)
        }
    }

    /// Whether rows whose values have so many bits go to the narrow states, which are emptied when they must be.
    private func takesNarrow(bits: Int, rows: Int) -> Bool {
        guard let added = PairMagnitude.bound(bits: bits, rows: rows, limit: Self.narrowLimit) else {
            growExact()
            return false
        }
        rowsSinceWide += rows
        if narrowBound + added > Self.narrowLimit {
            if rowsSinceWide < groupCount {
                growExact()
                return false
            }
            widen()
        }
        narrowBound += added
        narrow.grow(to: groupCount, filling: NarrowPairState())
        return true
    }

    private func growExact() { ExactPairState.grow(&exact, to: groupCount) }

    /// Moves the narrow states into the exact ones.
    private func widen() {
        growExact()
        // Nothing came since: the states are asked for range by range.
        if narrowBound == 0 { return }
        let target = exact.pointer
        let source = narrow.pointer
        for group in 0..<narrow.count {
            target[group].merge(source[group].exact)
            source[group] = NarrowPairState()
        }
        narrowBound = 0
        rowsSinceWide = 0
    }

    func merge(_ columns: [Column], ids: UnsafePointer<Int32>, count: Int) {
        growExact()
        ExactPairState.merge(exact.pointer, columns, ids: ids, count: count, description)
    }

    func states(_ range: Range<Int>) -> [Column] {
        widen()
        return ExactPairState.write(exact.pointer + range.lowerBound, count: range.count, description)
    }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column {
        widen()
        return try ExactPairState.finish(exact.pointer + range.lowerBound, count: range.count, description)
    }
}

/// Bounds on the sums of products of a batch.
enum PairMagnitude {
    /// Bits that hold every value without its sign, those under nulls included.
    @inline(__always)
    static func bits<Value: FixedWidthInteger & BitwiseCopyable>(
        _ x: UnsafePointer<Value>, _ y: UnsafePointer<Value>, count: Int
    ) -> Int {
        var seen: Value = 0
        let shift = Value(truncatingIfNeeded: Value.bitWidth - 1)
        for row in 0..<count { seen |= (x[row] ^ (x[row] &>> shift)) | (y[row] ^ (y[row] &>> shift)) }
        return Value.bitWidth - seen.leadingZeroBitCount
    }

    /// What sums of products over so many rows cannot exceed; nil when that is above the limit.
    static func bound(bits: Int, rows: Int, limit: UInt64) -> UInt64? {
        // A negative value of these bits can be -2^bits.
        let shift = 2 * bits
        if shift >= 63 { return nil }
        let (bound, overflow) = UInt64(rows).multipliedReportingOverflow(by: 1 &<< UInt64(shift))
        return overflow || bound > limit ? nil : bound
    }
}
