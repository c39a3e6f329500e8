internal import CStoaVector
import Glibc
import StoaColumns

/// Number, mean and sum of squared deviations of floats and decimals over all rows, in Float64.
///
/// A leaf is 1,024 rows of the sequence: its mean first, then the squared deviations from it (two passes over memory that is
/// in the first cache level), both in 16 lanes; leaves are merged by Chan's formula in the shape of a binary counter. So the
/// result depends on the sequence of rows only (N14; Schubert and Gertz 2018 on the accuracy).
/// - Nulls: take their place in the leaf and are skipped. NaN and infinities give NaN.
/// - Empty: null. Cost: two vector passes and a division per 1,024 rows.
final class FloatMomentReduction: BlockReduction {
    private static let leafRows = FloatSumTree.leafRows
    private static let widenedRows = 8 * leafRows

    let description: ReductionDescription
    private var leaves = LeafTree<FloatMomentState>()
    /// The rows of the unfinished leaf and their validity, one bit a row, cleared from `leafRow` on.
    private let leaf = MemoryRegion(of: Double.self, count: FloatMomentReduction.leafRows, zeroed: true)
    private let leafValidity = MemoryRegion(bits: FloatMomentReduction.leafRows, zeroed: true)
    private var leafRow = 0
    /// The validity of a leaf that lies in a column, its first row in the lowest place.
    private let columnWords = MemoryRegion(bits: FloatMomentReduction.leafRows)

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        // What has to be widened first is widened within the caches.
        if rows.storage == .float64 { take(rows) } else { rows.inBlocks(of: Self.widenedRows) { take($0) } }
    }

    private func take(_ rows: ReductionRows) {
        let count = rows.count
        ReductionValues<Double>(widened: rows, of: description.argument ?? .float64).use { values in
            var row = 0
            while row < count {
                if leafRow == 0, count - row >= Self.leafRows {
                    leaves.push(moments(values + row, rows, from: row))
                    row += Self.leafRows
                    continue
                }
                let step = min(Self.leafRows - leafRow, count - row)
                (leaf.bound(to: Double.self) + leafRow).update(from: values + row, count: step)
                setValidity(rows, from: row, count: step)
                row += step
                leafRow += step
                if leafRow == Self.leafRows {
                    leaves.push(leafMoments())
                    leafRow = 0
                    memset(leafValidity.base, 0, leafValidity.byteCount)
                }
            }
        }
    }

    func states() -> [Column] {
        withUnsafePointer(to: leaves.total(unfinished: leafMoments())) {
            FloatMomentState.write($0, count: 1, description)
        }
    }

    private func setValidity(_ rows: ReductionRows, from row: Int, count: Int) {
        for index in 0..<count where rows.validityWord(at: row + index, rows: 1) != 0 {
            Bitmap.set(leafValidity.base, at: leafRow + index, to: true)
        }
    }

    private func leafMoments() -> FloatMomentState {
        Self.moments(
            leaf.bound(to: Double.self), words: leafValidity.bound(to: UInt64.self),
            count: Bitmap.countOnes(leafValidity.base, at: 0, count: Self.leafRows))
    }

    /// The moments of a whole leaf that lies in a column.
    private func moments(_ values: UnsafePointer<Double>, _ rows: ReductionRows, from row: Int) -> FloatMomentState {
        if rows.validity == nil { return Self.moments(values) }
        let words = columnWords.bound(to: UInt64.self)
        var count = 0
        for index in 0..<Self.leafRows / 64 {
            words[index] = rows.validityWord(at: row + index * 64, rows: 64)
            count &+= words[index].nonzeroBitCount
        }
        return count == Self.leafRows ? Self.moments(values) : Self.moments(values, words: words, count: count)
    }

    /// The moments of 1,024 values.
    private static func moments(_ values: UnsafePointer<Double>) -> FloatMomentState {
        var lanes = SIMD16<Double>()
        for block in 0..<leafRows / 16 { lanes += stoa_load_f64x16(values + block * 16) }
        let mean = FloatSumTree.fold(lanes) / Double(leafRows)
        let means = SIMD16<Double>(repeating: mean)
        lanes = SIMD16()
        for block in 0..<leafRows / 16 {
            stoa_prefetch(values + leafRows + block * 16)
            stoa_prefetch(values + leafRows + block * 16 + 8)
            let difference = stoa_load_f64x16(values + block * 16) - means
            lanes += difference * difference
        }
        return FloatMomentState(count: Int64(leafRows), mean: mean, deviations: FloatSumTree.fold(lanes))
    }

    /// The moments of 1,024 places, of which the `count` ones count whose bit is set.
    private static func moments(
        _ values: UnsafePointer<Double>, words: UnsafePointer<UInt64>, count: Int
    ) -> FloatMomentState {
        if count == 0 { return FloatMomentState() }
        var lanes = SIMD16<Double>()
        for block in 0..<leafRows / 16 {
            let mask = words[block &>> 2] &>> UInt64(truncatingIfNeeded: (block & 3) &* 16)
            lanes += stoa_keep_f64x16(stoa_load_f64x16(values + block * 16), mask)
        }
        let mean = FloatSumTree.fold(lanes) / Double(count)
        let means = SIMD16<Double>(repeating: mean)
        lanes = SIMD16()
        for block in 0..<leafRows / 16 {
            let mask = words[block &>> 2] &>> UInt64(truncatingIfNeeded: (block & 3) &* 16)
            stoa_prefetch(values + leafRows + block * 16)
            stoa_prefetch(values + leafRows + block * 16 + 8)
            let difference = stoa_load_f64x16(values + block * 16) - means
            lanes += stoa_keep_f64x16(difference * difference, mask)
        }
        return FloatMomentState(count: Int64(count), mean: mean, deviations: FloatSumTree.fold(lanes))
    }
}
