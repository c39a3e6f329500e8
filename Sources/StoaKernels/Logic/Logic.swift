import StoaColumns

/// Kleene logic on bit-packed booleans, 64 rows a step: null is "unknown", so `false and null` is false and `true or null`
/// is true.
///
/// Nulls: as above; `not` keeps them. Overflow: none. Empty: empty. Cost: a few word operations for 64 rows.
package enum Logic {
    /// `left and right`.
    package static func and(_ left: Operand, _ right: Operand, count: Int) -> Column {
        combine(left, right, count, decidedBy: ~0) { $0 & $1 }
    }

    /// `left or right`.
    package static func or(_ left: Operand, _ right: Operand, count: Int) -> Column {
        combine(left, right, count, decidedBy: 0) { $0 | $1 }
    }

    /// `not operand`.
    package static func not(_ operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        let scope = RowScope(count: count)
        for row in stride(from: 0, to: count, by: 64) {
            words[row >> 6] = ~operand.bitsWord(at: row, count: count) & scope.word(at: row)
        }
        return Column(
            type: .bool, count: count, validity: validity(of: [operand], count: count)?.buffer,
            storage: .bits(region.buffer))
    }

    /// One side decides alone where its bit xor `flip` is set: a false for `and`, a true for `or`.
    @inline(__always)
    private static func combine(
        _ left: Operand, _ right: Operand, _ count: Int, decidedBy flip: UInt64, _ operation: (UInt64, UInt64) -> UInt64
    ) -> Column {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        if left.column.nullCount == 0 && right.column.nullCount == 0 {
            for row in stride(from: 0, to: count, by: 64) {
                words[row >> 6] = operation(
                    left.bitsWord(at: row, count: count), right.bitsWord(at: row, count: count))
            }
            return Column(type: .bool, count: count, storage: .bits(region.buffer))
        }
        let validity = MemoryRegion(bits: count)
        let valid = validity.bound(to: UInt64.self)
        for row in stride(from: 0, to: count, by: 64) {
            let leftValid = left.validityWord(at: row, count: count)
            let rightValid = right.validityWord(at: row, count: count)
            let a = left.bitsWord(at: row, count: count)
            let b = right.bitsWord(at: row, count: count)
            (words[row >> 6], valid[row >> 6]) = decide(a, leftValid, b, rightValid, flip, operation)
        }
        return Column(type: .bool, count: count, validity: validity.buffer, storage: .bits(region.buffer))
    }

    /// 64 rows of Kleene logic: the bits and their validity.
    @inline(__always)
    private static func decide(
        _ a: UInt64, _ leftValid: UInt64, _ b: UInt64, _ rightValid: UInt64, _ flip: UInt64,
        _ operation: (UInt64, UInt64) -> UInt64
    ) -> (bits: UInt64, valid: UInt64) {
        let decided = (leftValid & (a ^ flip)) | (rightValid & (b ^ flip))
        // Where one side decides, the other may be rubbish under a null: the decision is written over it.
        return ((operation(a, b) & ~decided) | (decided & ~flip), (leftValid & rightValid) | decided)
    }

    /// `left and right` on registers of a program's block.
    package static var laneAnd: LaneKernel { combination(decidedBy: ~0) { $0 & $1 } }

    /// `left or right` on registers of a program's block.
    package static var laneOr: LaneKernel { combination(decidedBy: 0) { $0 | $1 } }

    /// `not operand` on a register of a program's block.
    package static var laneNot: LaneKernel {
        LaneKernel { arguments in
            let words = arguments.result.pointee.words
            for index in 0..<(arguments.count &+ 63) / 64 { words[index] = ~arguments.first.pointee.words[index] }
            LaneLoops.clearTail(words, arguments.count)
            return true
        }
    }

    @inline(__always)
    private static func combination(
        decidedBy flip: UInt64, _ operation: @escaping (UInt64, UInt64) -> UInt64
    ) -> LaneKernel {
        LaneKernel(setsValidity: true) { arguments in
            let left = arguments.first.pointee
            let right = arguments.second.pointee
            let words = arguments.result.pointee.words
            let wordCount = (arguments.count &+ 63) / 64
            if left.validity == nil && right.validity == nil {
                arguments.result.pointee.validity = nil
                for index in 0..<wordCount { words[index] = operation(left.words[index], right.words[index]) }
            } else if let valid = arguments.result.pointee.validity {
                for index in 0..<wordCount {
                    (words[index], valid[index]) = decide(
                        left.words[index], left.validity?[index] ?? ~0, right.words[index],
                        right.validity?[index] ?? ~0, flip, operation)
                }
                LaneLoops.clearTail(valid, arguments.count)
            }
            LaneLoops.clearTail(words, arguments.count)
            return true
        }
    }
}
