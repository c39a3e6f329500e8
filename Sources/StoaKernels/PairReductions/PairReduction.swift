internal import CStoaVector
import Glibc
import StoaColumns

/// Moments of pairs of integers over all rows, exact.
///
/// - Nulls: rows with a null on either side are skipped. Overflow: none. Empty: null.
/// - Cost: five multiplications or additions a row, in vectors while a block's sums fit 64 bits.
final class ExactPairReduction: Reduction {
    private let description: ReductionDescription
    private var state = ExactPairState()
    /// Rows whose sums are kept in 64 bits.
    private static let blockRows = 1 << 13

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) { preconditionFailure("\(description.text) takes two arguments") }

    func consume(_ first: Column, _ second: Column, count: Int) {
        let first = description.checked(first, count: count)
        let second = description.checked(second, count: count)
        if first.type.storageType == .int32 {
            consume(first.values(as: Int32.self), second.values(as: Int32.self), first, second, count: count)
        } else {
            consume(first.values(as: Int64.self), second.values(as: Int64.self), first, second, count: count)
        }
    }

    @inline(__always)
    private func consume<Value: FixedWidthInteger & BitwiseCopyable>(
        _ x: UnsafePointer<Value>, _ y: UnsafePointer<Value>, _ first: Column, _ second: Column, count: Int
    ) {
        let isComplete = first.validity == nil && second.validity == nil
        var start = 0
        while start < count {
            let rows = min(Self.blockRows, count - start)
            let bits = PairMagnitude.bits(x + start, y + start, count: rows)
            if isComplete, PairMagnitude.bound(bits: bits, rows: rows, limit: 1 << 62) != nil {
                state.merge(Self.sums(x + start, y + start, count: rows).exact)
            } else {
                for row in start..<start + rows where isComplete || !(first.isNull(at: row) || second.isNull(at: row)) {
                    ExactPairState.Add<Value>.add(x[row], y[row], to: &state)
                }
            }
            start += rows
        }
    }

    @inline(__always)
    private static func sums<Value: FixedWidthInteger & BitwiseCopyable>(
        _ x: UnsafePointer<Value>, _ y: UnsafePointer<Value>, count: Int
    ) -> NarrowPairState {
        var sums = NarrowPairState()
        for row in 0..<count { NarrowPairState.Add<Value>.add(x[row], y[row], to: &sums) }
        return sums
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { ExactPairState.write($0, count: 1, description) }
    }
}

/// Moments of pairs of floats over all rows, in Float64.
///
/// A leaf is 1,024 rows of the sequence: both means first, then the centred products, all in 16 lanes; leaves are merged in
/// the shape of a binary counter. So the result depends on the sequence of rows only (N14).
/// - Nulls: rows with a null on either side take their place in the leaf and are skipped. NaN and infinities give NaN.
/// - Empty: null. Cost: two vector passes over both columns, of which the second finds them in the first cache level.
final class FloatPairReduction: Reduction {
    private static let leafRows = FloatSumTree.leafRows

    private let description: ReductionDescription
    private var leaves = LeafTree<FloatPairState>()
    /// The rows of the unfinished leaf; places whose bit in `words` is not set do not count.
    private let x = MemoryRegion(of: Double.self, count: FloatPairReduction.leafRows, zeroed: true)
    private let y = MemoryRegion(of: Double.self, count: FloatPairReduction.leafRows, zeroed: true)
    private let words = MemoryRegion(bits: FloatPairReduction.leafRows, zeroed: true)
    private var leafRow = 0
    /// The rows of a leaf that lies in the columns.
    private let columnWords = MemoryRegion(bits: FloatPairReduction.leafRows)

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) { preconditionFailure("\(description.text) takes two arguments") }

    func consume(_ first: Column, _ second: Column, count: Int) {
        let first = description.checked(first, count: count)
        let second = description.checked(second, count: count)
        let x = first.values(as: Double.self)
        let y = second.values(as: Double.self)
        var row = 0
        while row < count {
            if leafRow == 0, count - row >= Self.leafRows {
                let words = columnWords.bound(to: UInt64.self)
                for word in 0..<Self.leafRows / 64 {
                    words[word] = PairRows.validWord(first, second, at: row + word * 64, rows: 64)
                }
                leaves.push(Self.moments(x + row, y + row, words))
                row += Self.leafRows
                continue
            }
            let step = min(Self.leafRows - leafRow, count - row)
            (self.x.bound(to: Double.self) + leafRow).update(from: x + row, count: step)
            (self.y.bound(to: Double.self) + leafRow).update(from: y + row, count: step)
            for index in 0..<step where !first.isNull(at: row + index) && !second.isNull(at: row + index) {
                Bitmap.set(words.base, at: leafRow + index, to: true)
            }
            row += step
            leafRow += step
            if leafRow == Self.leafRows {
                leaves.push(unfinished())
                leafRow = 0
                memset(words.base, 0, words.byteCount)
            }
        }
    }

    func states() -> [Column] {
        withUnsafePointer(to: leaves.total(unfinished: unfinished())) {
            FloatPairState.write($0, count: 1, description)
        }
    }

    private func unfinished() -> FloatPairState {
        Self.moments(x.bound(to: Double.self), y.bound(to: Double.self), words.bound(to: UInt64.self))
    }

    /// The moments of the places of a leaf whose bit is set.
    private static func moments(
        _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ words: UnsafePointer<UInt64>
    ) -> FloatPairState {
        var count = 0
        var first = 0
        for word in (0..<leafRows / 64).reversed() where words[word] != 0 {
            count &+= words[word].nonzeroBitCount
            first = word &* 64 &+ words[word].trailingZeroBitCount
        }
        if count == 0 { return FloatPairState() }
        if count == leafRows { return moments(count: leafRows, first: 0, x, y) { lanes, _ in lanes } }
        return moments(count: count, first: first, x, y) { lanes, block in
            stoa_keep_f64x16(lanes, words[block &>> 2] &>> UInt64(truncatingIfNeeded: (block & 3) &* 16))
        }
    }

    /// The moments of `count` places of a leaf, one of which is `first`; `keep` clears the lanes of a block that do not
    /// count. Means are taken of the distances from the first pair, so that the deviations of a constant are exactly zero.
    @inline(__always)
    private static func moments(
        count: Int, first: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
        _ keep: (SIMD16<Double>, Int) -> SIMD16<Double>
    ) -> FloatPairState {
        let (firstX, firstY) = (SIMD16<Double>(repeating: x[first]), SIMD16<Double>(repeating: y[first]))
        var (sumX, sumY) = (SIMD16<Double>(), SIMD16<Double>())
        for block in 0..<leafRows / 16 {
            sumX += keep(stoa_load_f64x16(x + block * 16) - firstX, block)
            sumY += keep(stoa_load_f64x16(y + block * 16) - firstY, block)
        }
        let meanX = x[first] + FloatSumTree.fold(sumX) / Double(count)
        let meanY = y[first] + FloatSumTree.fold(sumY) / Double(count)
        let (meansX, meansY) = (SIMD16<Double>(repeating: meanX), SIMD16<Double>(repeating: meanY))
        var (xx, yy, xy) = (SIMD16<Double>(), SIMD16<Double>(), SIMD16<Double>())
        for block in 0..<leafRows / 16 {
            let differenceX = keep(stoa_load_f64x16(x + block * 16) - meansX, block)
            let differenceY = keep(stoa_load_f64x16(y + block * 16) - meansY, block)
            xx += differenceX * differenceX
            yy += differenceY * differenceY
            xy += differenceX * differenceY
        }
        return FloatPairState(
            count: Int64(count), meanX: meanX, meanY: meanY, xx: FloatSumTree.fold(xx), yy: FloatSumTree.fold(yy),
            xy: FloatSumTree.fold(xy))
    }
}
