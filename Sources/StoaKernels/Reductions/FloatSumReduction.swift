internal import CStoaVector
import StoaColumns

/// The ordered tier of float sums: one shape of additions for a sequence of rows, whatever the instruction set and however
/// the sequence was cut.
///
/// A leaf is 1,024 rows in 16 lanes, row r going to lane r mod 16; lanes are folded 16-8-4-2-1; leaves are joined by a binary
/// counter, so that leaf k meets its neighbours as in a balanced tree. The shape is that of pairwise summation, with an error
/// of about (64 + log2 n) roundings (Higham 1993).
struct FloatSumTree {
    /// Rows of a leaf.
    static let leafRows = 1024

    /// Sums of complete subtrees: level l holds 2^l leaves where bit l of `leaves` is set.
    private var levels = [Double](repeating: 0, count: 53)
    private var leaves = 0

    /// Joins the sum of the next leaf.
    mutating func push(_ leaf: Double) {
        var sum = leaf
        var level = 0
        while leaves & (1 << level) != 0 {
            sum = levels[level] + sum
            level += 1
        }
        levels[level] = sum
        leaves += 1
    }

    /// The sum with an unfinished leaf behind the complete ones; larger subtrees come from the left.
    func total(unfinished: Double) -> Double {
        var sum = unfinished
        for level in 0..<levels.count where leaves & (1 << level) != 0 { sum = levels[level] + sum }
        return sum
    }

    /// The lanes of one leaf as one number.
    @inline(__always)
    static func fold(_ lanes: SIMD16<Double>) -> Double {
        let eight = lanes.lowHalf + lanes.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

/// An element type of float sums, read 16 rows at a time.
protocol FloatLanes: BitwiseCopyable {
    var widened: Double { get }
    static func load(_ values: UnsafePointer<Self>) -> SIMD16<Double>
}

extension Double: FloatLanes {
    @inline(__always) var widened: Double { self }
    @inline(__always) static func load(_ values: UnsafePointer<Double>) -> SIMD16<Double> { stoa_load_f64x16(values) }
}

extension Float: FloatLanes {
    @inline(__always) var widened: Double { Double(self) }
    @inline(__always) static func load(_ values: UnsafePointer<Float>) -> SIMD16<Double> { stoa_load_f32x16(values) }
}

/// The terms of a float sum, each computed from the columns where it is added.
private protocol FloatTerms {
    subscript(row: Int) -> Double { get }
    /// The terms of 16 rows from `row` on.
    func lanes(_ row: Int) -> SIMD16<Double>
    /// Asks for what lies ahead of the 64 rows from `row` on.
    func prefetch(_ row: Int)
    /// The terms from `row` on.
    func dropping(_ row: Int) -> Self
}

private struct ValueTerms<Value: FloatLanes>: FloatTerms {
    let values: UnsafePointer<Value>

    @inline(__always) subscript(row: Int) -> Double { values[row].widened }
    @inline(__always) func lanes(_ row: Int) -> SIMD16<Double> { Value.load(values + row) }
    @inline(__always) func prefetch(_ row: Int) { stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride) }
    @inline(__always) func dropping(_ row: Int) -> Self { Self(values: values + row) }
}

private struct ProductTerms: FloatTerms {
    let first: UnsafePointer<Double>
    let second: UnsafePointer<Double>

    @inline(__always) subscript(row: Int) -> Double { first[row] * second[row] }
    @inline(__always) func lanes(_ row: Int) -> SIMD16<Double> {
        stoa_load_f64x16(first + row) * stoa_load_f64x16(second + row)
    }
    @inline(__always) func prefetch(_ row: Int) {
        stoa_prefetch_ahead(first + row, 64 * MemoryLayout<Double>.stride)
        stoa_prefetch_ahead(second + row, 64 * MemoryLayout<Double>.stride)
    }
    @inline(__always) func dropping(_ row: Int) -> Self { Self(first: first + row, second: second + row) }
}

/// Sum and mean of floats over all rows, in the ordered tier.
///
/// - Nulls, and rows that a filter dropped: count as +0.0 in their place; a mean divides by the number of values. NaN and
///   infinities propagate.
/// - Empty: null. Cost: one vector addition per 16 rows; with nulls one mask more.
final class FloatSumReduction: ProductReduction {
    let description: ReductionDescription
    private var tree = FloatSumTree()
    /// The lanes of the unfinished leaf and the rows it has.
    private var lanes = SIMD16<Double>()
    private var leafRow = 0
    private var count: Int64 = 0

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        count &+= Int64(rows.count - rows.nullCount)
        if rows.storage == .float32 {
            consume(ValueTerms(values: rows.values(as: Float.self)), rows)
        } else {
            consume(ValueTerms(values: rows.values(as: Double.self)), rows)
        }
    }

    package func consumeProducts(_ first: Column, _ second: Column, count rowCount: Int) {
        let first = description.checked(first, count: rowCount)
        let second = description.checked(second, count: rowCount)
        let terms = ProductTerms(first: first.values(as: Double.self), second: second.values(as: Double.self))
        defer { withExtendedLifetime((first, second)) {} }
        if first.validity == nil, second.validity == nil {
            count &+= Int64(rowCount)
            consume(terms, ReductionRows(count: rowCount))
            return
        }
        // One word more: words are read together with the byte behind them.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: FloatSumTree.leafRows / 64 + 1) { words in
            words.initialize(repeating: 0)
            var row = 0
            while row < rowCount {
                let step = min(FloatSumTree.leafRows, rowCount - row)
                var present = 0
                for index in 0..<(step + 63) / 64 {
                    let start = index * 64
                    words[index] = PairRows.validWord(first, second, at: row + start, rows: min(64, step - start))
                    present &+= words[index].nonzeroBitCount
                }
                count &+= Int64(present)
                // Of the rows only the validity is read.
                let rows = ReductionRows(
                    storage: .float64, values: UnsafeRawPointer(terms.first), validity: words.baseAddress!,
                    count: step, nullCount: step - present)
                consume(terms.dropping(row), rows)
                row += step
            }
        }
    }

    func states() -> [Column] {
        let state = FloatSumState(sum: tree.total(unfinished: FloatSumTree.fold(lanes)), count: count)
        return withUnsafePointer(to: state) { FloatSumState.write($0, count: 1, description) }
    }

    private func consume<Terms: FloatTerms>(_ terms: Terms, _ rows: ReductionRows) {
        var row = 0
        while row < rows.count {
            let step = min(FloatSumTree.leafRows - leafRow, rows.count - row)
            if let validity = rows.validity {
                lanes = Self.add(
                    terms.dropping(row), count: step, at: leafRow, to: lanes, valid: validity,
                    offset: rows.validityOffset + row)
            } else {
                lanes = Self.add(terms.dropping(row), count: step, at: leafRow, to: lanes)
            }
            row += step
            leafRow += step
            if leafRow == FloatSumTree.leafRows {
                tree.push(FloatSumTree.fold(lanes))
                lanes = SIMD16()
                leafRow = 0
            }
        }
    }

    /// Adds rows of one leaf, the first of which is row `first` of the leaf.
    private static func add<Terms: FloatTerms>(
        _ terms: Terms, count: Int, at first: Int, to start: SIMD16<Double>
    ) -> SIMD16<Double> {
        var lanes = start
        var row = 0
        while row < count && (first + row) & 15 != 0 {
            lanes[(first + row) & 15] += terms[row]
            row += 1
        }
        while row &+ 64 <= count {
            terms.prefetch(row)
            lanes += terms.lanes(row)
            lanes += terms.lanes(row &+ 16)
            lanes += terms.lanes(row &+ 32)
            lanes += terms.lanes(row &+ 48)
            row &+= 64
        }
        while row + 16 <= count {
            lanes += terms.lanes(row)
            row += 16
        }
        while row < count {
            lanes[(first + row) & 15] += terms[row]
            row += 1
        }
        return lanes
    }

    /// The same with nulls: validity bits start at bit `offset`.
    private static func add<Terms: FloatTerms>(
        _ terms: Terms, count: Int, at first: Int, to start: SIMD16<Double>, valid: UnsafeRawPointer, offset: Int
    ) -> SIMD16<Double> {
        var lanes = start
        var row = 0
        while row < count && (first + row) & 15 != 0 {
            if ValidityBits.bit(valid, at: offset + row) { lanes[(first + row) & 15] += terms[row] }
            row += 1
        }
        while row &+ 64 <= count {
            let word = ValidityBits.word(valid, at: offset &+ row, rows: 64)
            terms.prefetch(row)
            lanes += stoa_keep_f64x16(terms.lanes(row), word)
            lanes += stoa_keep_f64x16(terms.lanes(row &+ 16), word &>> 16)
            lanes += stoa_keep_f64x16(terms.lanes(row &+ 32), word &>> 32)
            lanes += stoa_keep_f64x16(terms.lanes(row &+ 48), word &>> 48)
            row &+= 64
        }
        while row < count {
            if ValidityBits.bit(valid, at: offset + row) { lanes[(first + row) & 15] += terms[row] }
            row += 1
        }
        return lanes
    }
}
