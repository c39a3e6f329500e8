import StoaColumns

/// The six comparisons.
package enum ComparisonOperator: String, Hashable, Sendable, CaseIterable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// Comparisons into bool columns, in the total order: -inf < numbers < +inf < NaN, NaN equals NaN, -0 equals +0, false <
/// true, text by its UTF-8 bytes (which is the order of Unicode scalars).
///
/// Nulls: null where a side is null (`nullSafeEqual`: null equals null, never null itself).
/// Overflow: none. Empty: empty.
/// Cost: fixed widths compare 64 rows into one word in vectors; encoded text of one dictionary compares codes for
/// equality; other text compares bytes row by row.
package enum Comparison {
    /// `left operation right`; both sides share a type.
    package static func compare(
        _ operation: ComparisonOperator, _ left: Operand, _ right: Operand, count: Int
    ) -> Column {
        let bits = bits(operation, left, right, count: count)
        return Column(
            type: .bool, count: count, validity: validity(of: [left, right], count: count)?.buffer,
            storage: .bits(bits.buffer))
    }

    /// Equality in which null equals null and nothing else.
    package static func nullSafeEqual(_ left: Operand, _ right: Operand, count: Int) -> Column {
        let region = bits(.equal, left, right, count: count)
        let words = region.bound(to: UInt64.self)
        if left.column.nullCount > 0 || right.column.nullCount > 0 {
            for row in stride(from: 0, to: count, by: 64) {
                let leftValid = left.validityWord(at: row, count: count)
                let rightValid = right.validityWord(at: row, count: count)
                let existing = RowScope(count: count).word(at: row)
                words[row >> 6] = (words[row >> 6] & leftValid & rightValid) | (~leftValid & ~rightValid & existing)
            }
        }
        return Column(type: .bool, count: count, storage: .bits(region.buffer))
    }

    /// The comparison's bits; unspecified where a side is null.
    private static func bits(
        _ operation: ComparisonOperator, _ left: Operand, _ right: Operand, count: Int
    ) -> MemoryRegion {
        precondition(
            left.type.storageType == right.type.storageType, "\(left.type) compared with \(right.type)")
        switch operation {
        case .equal: return basic(isLess: false, left, right, count, inverted: false)
        case .notEqual: return basic(isLess: false, left, right, count, inverted: true)
        case .less: return basic(isLess: true, left, right, count, inverted: false)
        case .greaterOrEqual: return basic(isLess: true, left, right, count, inverted: true)
        case .greater: return basic(isLess: true, right, left, count, inverted: false)
        case .lessOrEqual: return basic(isLess: true, right, left, count, inverted: true)
        }
    }

    /// All comparisons of a total order come from `less` and `equal` by swapping and inverting.
    private static func basic(
        isLess: Bool, _ left: Operand, _ right: Operand, _ count: Int, inverted: Bool
    ) -> MemoryRegion {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        switch left.type.storageType {
        case .bool:
            for row in stride(from: 0, to: count, by: 64) {
                let a = left.bitsWord(at: row, count: count)
                let b = right.bitsWord(at: row, count: count)
                words[row >> 6] = isLess ? ~a & b : ~(a ^ b)
            }
        case .utf8:
            TextComparison.fill(words, isLess: isLess, left, right, count)
        default:
            withFixedValues(of: left) { a in
                withFixedValues(of: right) { b in
                    withComparedValue(
                        left.type.storageType,
                        FixedComparison(
                            words: words, isLess: isLess, left: a, leftStep: left.isConstant ? 0 : 64, right: b,
                            rightStep: right.isConstant ? 0 : 64, count: count))
                }
            }
        }
        if inverted {
            for index in 0..<((count + 63) / 64) { words[index] = ~words[index] }
        }
        // Bool columns of our own keep the places past the last row clear.
        if count % 64 != 0 { words[count / 64] &= (1 &<< UInt64(truncatingIfNeeded: count % 64)) &- 1 }
        return region
    }

    private static func withFixedValues(of operand: Operand, _ body: (UnsafeRawPointer) -> Void) {
        guard case .fixed(let buffer) = operand.column.storage else {
            preconditionFailure("\(operand.type) values have no fixed width in bytes")
        }
        let width = operand.type.storageType.byteWidth ?? 0
        withExtendedLifetime(buffer.owner) { body(buffer.base + operand.column.offset * width) }
    }

    /// The comparison of two registers of a program's block, which share a type of fixed width or are booleans.
    package static func laneKernel(_ operation: ComparisonOperator, _ type: DataType) -> LaneKernel? {
        let storage = type.storageType
        if storage == .utf8 { return nil }
        let isLess = operation != .equal && operation != .notEqual
        let isSwapped = operation == .greater || operation == .lessOrEqual
        let flip: UInt64 =
            operation == .notEqual || operation == .greaterOrEqual || operation == .lessOrEqual ? ~0 : 0
        return LaneKernel { arguments in
            let left = isSwapped ? arguments.second.pointee : arguments.first.pointee
            let right = isSwapped ? arguments.first.pointee : arguments.second.pointee
            let words = arguments.result.pointee.words
            let count = arguments.count
            if storage == .bool {
                for index in 0..<(count &+ 63) / 64 {
                    let a = left.words[index]
                    let b = right.words[index]
                    words[index] = (isLess ? ~a & b : ~(a ^ b)) ^ flip
                }
            } else {
                if left.isNarrow != right.isNarrow { return false }
                withComparedValue(
                    left.isNarrow ? .int64 : storage,
                    FixedComparison(
                        words: words, isLess: isLess, left: left.values, leftStep: left.isConstant ? 0 : 64,
                        right: right.values, rightStep: right.isConstant ? 0 : 64, count: count))
                if flip != 0 {
                    for index in 0..<(count &+ 63) / 64 { words[index] = ~words[index] }
                }
            }
            LaneLoops.clearTail(words, count)
            return true
        }
    }

    private struct FixedComparison: ComparedBody {
        let words: UnsafeMutablePointer<UInt64>
        let isLess: Bool
        let left: UnsafeRawPointer
        /// Rows from one word's first value to the next one's: 0 for a constant.
        let leftStep: Int
        let right: UnsafeRawPointer
        let rightStep: Int
        let count: Int

        func run<Value: ComparedValue>(_ type: Value.Type) {
            let a = left.assumingMemoryBound(to: Value.self)
            let b = right.assumingMemoryBound(to: Value.self)
            switch (leftStep == 0, rightStep == 0) {
            case (false, true) where !b.pointee.isNaNValue:
                let constant = b.pointee
                if isLess {
                    fill(a, b, word: { Value.lessWord(a + $0, than: constant) }, value: Value.isLess)
                } else {
                    fill(a, b, word: { Value.equalWord(a + $0, to: constant) }, value: Value.isEqual)
                }
            case (true, false) where !a.pointee.isNaNValue:
                let constant = a.pointee
                if isLess {
                    fill(a, b, word: { Value.greaterWord(b + $0, than: constant) }, value: Value.isLess)
                } else {
                    fill(a, b, word: { Value.equalWord(b + $0, to: constant) }, value: Value.isEqual)
                }
            default:
                if isLess {
                    fill(
                        a, b, word: { Value.lessWord(a + $0 / 64 &* leftStep, b + $0 / 64 &* rightStep) },
                        value: Value.isLess)
                } else {
                    fill(
                        a, b, word: { Value.equalWord(a + $0 / 64 &* leftStep, b + $0 / 64 &* rightStep) },
                        value: Value.isEqual)
                }
            }
        }

        /// - Parameter word: the bits of the 64 rows from this one on.
        @inline(__always)
        private func fill<Value: ComparedValue>(
            _ a: UnsafePointer<Value>, _ b: UnsafePointer<Value>, word: (Int) -> UInt64, value: (Value, Value) -> Bool
        ) {
            let whole = count / 64
            var index = 0
            while index < whole {
                if leftStep != 0 { Lanes.prefetchNextBlock(a + index &* 64) }
                if rightStep != 0 { Lanes.prefetchNextBlock(b + index &* 64) }
                words[index] = word(index &* 64)
                index &+= 1
            }
            // The last rows one by one: a vector would read past the column's end.
            if count % 64 != 0 {
                let lastLeft = a + whole * leftStep
                let lastRight = b + whole * rightStep
                var last: UInt64 = 0
                for row in 0..<(count % 64) {
                    last |= (value(lastLeft[row], lastRight[row]) ? 1 : 0) &<< UInt64(truncatingIfNeeded: row)
                }
                words[whole] = last
            }
        }
    }
}
