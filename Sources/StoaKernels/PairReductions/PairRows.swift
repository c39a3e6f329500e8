internal import CStoaVector
import StoaColumns

/// What a pair of values does to the state of its group.
protocol PairStep {
    associatedtype State
    associatedtype Value: BitwiseCopyable
    static func add(_ x: Value, _ y: Value, to state: inout State)
}

/// The one loop of grouped updates by pairs.
enum PairRows {
    /// Applies a step to the rows in which neither value is null, in row order.
    ///
    /// - Nulls: by the common validity words of 64 rows. Cost: two loads, an update in place and a store a row.
    @inline(__always)
    static func apply<Step: PairStep>(
        _: Step.Type, _ x: UnsafePointer<Step.Value>, _ y: UnsafePointer<Step.Value>,
        validOf first: Column, _ second: Column, to states: UnsafeMutablePointer<Step.State>,
        ids: UnsafePointer<Int32>, count: Int
    ) {
        if first.validity == nil, second.validity == nil {
            for row in 0..<count { Step.add(x[row], y[row], to: &states[Int(ids[row])]) }
            return
        }
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            var word = validWord(first, second, at: start, rows: rows)
            while word != 0 {
                let row = start + word.trailingZeroBitCount
                Step.add(x[row], y[row], to: &states[Int(ids[row])])
                word &= word &- 1
            }
            start += rows
        }
    }

    /// The rows from `start` on, at most 64, in which neither value is null.
    @inline(__always)
    static func validWord(_ first: Column, _ second: Column, at start: Int, rows: Int) -> UInt64 {
        var word: UInt64 = rows == 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: rows)) &- 1
        if let validity = first.validity {
            word &= ValidityBits.word(validity.base, at: first.offset + start, rows: rows)
        }
        if let validity = second.validity {
            word &= ValidityBits.word(validity.base, at: second.offset + start, rows: rows)
        }
        return word
    }
}

/// How covariance and correlation end.
struct Relation {
    private let deltaDegrees: Int64?

    init(_ description: ReductionDescription) {
        switch description.function {
        case .covariance(let deltaDegrees): self.deltaDegrees = Int64(deltaDegrees)
        case .correlation: deltaDegrees = nil
        default: preconditionFailure("\(description.text) is no relation of two arguments")
        }
    }

    /// The value for `count` pairs given the centred sums times `scale`; nil when there are too few pairs (N6).
    @inline(__always)
    func value(count: Int64, scale: Double, xx: Double, yy: Double, xy: Double) -> Double? {
        guard let deltaDegrees else { return count < 2 ? nil : Self.correlation(xx: xx, yy: yy, xy: xy) }
        if count <= max(deltaDegrees, 0) { return nil }
        return xy / (scale * Double(count - deltaDegrees))
    }

    /// Within -1 and 1; NaN when a side does not vary.
    private static func correlation(xx: Double, yy: Double, xy: Double) -> Double {
        let product = xx * yy
        // The root of the product is exact for equal sides; the product of the roots neither overflows nor vanishes.
        let isNormal = product.isNormal || product.isNaN
        let divisor = isNormal ? stoa_square_root(product) : stoa_square_root(xx) * stoa_square_root(yy)
        let value = xy / divisor
        return value > 1 ? 1 : value < -1 ? -1 : value
    }
}
