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
            let decided = (leftValid & (a ^ flip)) | (rightValid & (b ^ flip))
            valid[row >> 6] = (leftValid & rightValid) | decided
            // Where one side decides, the other may be rubbish under a null: the decision is written over it.
            words[row >> 6] = (operation(a, b) & ~decided) | (decided & ~flip)
        }
        return Column(type: .bool, count: count, validity: validity.buffer, storage: .bits(region.buffer))
    }
}
