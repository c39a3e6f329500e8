import StoaColumns

/// The constants of `isIn`, prepared once: sorted.
///
/// Guard: written by `init` only.
package final class ConstantSet {
    private let sorted: Column
    private let hasTrue: Bool
    private let hasFalse: Bool

    /// A set of the values of a column; nulls in it equal nothing and are left out.
    package init(_ values: Column) throws(StoaError) {
        let plain = try values.decoded().filtered(by: BitMask(validRowsOf: values))
        var hasTrue = false
        var hasFalse = false
        switch plain.type.storageType {
        case .bool:
            let ones = BitMask(trueRowsOf: plain).ones
            hasTrue = ones > 0
            hasFalse = ones < plain.count
            sorted = plain
        case .utf8:
            let rows = TextRows(plain)
            sorted = plain.taking(
                (0..<Int32(plain.count)).sorted { TextRows.isLess(rows[Int($0)], rows[Int($1)]) })
        default:
            sorted = plain.taking(withComparedValue(plain.type.storageType, SortedRows(values: plain)))
        }
        self.hasTrue = hasTrue
        self.hasFalse = hasFalse
    }

    /// Whether each value of the operand is one of the constants, in the equality of `Comparison`.
    ///
    /// Nulls: null where the value is null. Empty: false everywhere. Cost: a binary search a row; for up to
    /// eight fixed-width constants one vector comparison each.
    package func contains(_ operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        switch operand.type.storageType {
        case .bool:
            for row in stride(from: 0, to: count, by: 64) {
                let word = operand.bitsWord(at: row, count: count)
                words[row >> 6] = (hasTrue ? word : 0) | (hasFalse ? ~word : 0)
            }
        case .utf8:
            let rows = TextRows(operand)
            let constants = TextRows(sorted)
            fillWords(words, count) { Self.contains(constants, sorted.count, rows[$0]) }
        default:
            withComparedValue(
                operand.type.storageType, Search(words: words, operand: operand, constants: sorted, count: count))
        }
        if count % 64 != 0 { words[count / 64] &= (1 &<< UInt64(truncatingIfNeeded: count % 64)) &- 1 }
        return Column(
            type: .bool, count: count, validity: validity(of: [operand], count: count)?.buffer,
            storage: .bits(region.buffer))
    }

    private static func contains(
        _ constants: TextRows, _ count: Int, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var first = 0
        var length = count
        while length > 1 {
            let half = length / 2
            first = TextRows.isLess(text, constants[first &+ half]) ? first : first &+ half
            length &-= half
        }
        return count > 0 && TextRows.isEqual(constants[first], text)
    }

    private struct SortedRows: ComparedBody {
        let values: Column

        func run<Value: ComparedValue>(_ type: Value.Type) -> [Int32] {
            let pointer = values.values(as: Value.self)
            return (0..<Int32(values.count)).sorted { Value.isLess(pointer[Int($0)], pointer[Int($1)]) }
        }
    }

    private struct Search: ComparedBody {
        let words: UnsafeMutablePointer<UInt64>
        let operand: Operand
        let constants: Column
        let count: Int

        private static let scanLimit = 8

        func run<Value: ComparedValue>(_ type: Value.Type) {
            let values = OperandValues<Value>(operand)
            if constants.count <= Self.scanLimit {
                scan(values)
                return
            }
            let sorted = constants.values(as: Value.self)
            let constantCount = constants.count
            fillWords(words, count) { row in
                let value = values.value(at: row)
                // The last constant that is not greater than the value, halving without a branch that data decides.
                var first = 0
                var length = constantCount
                while length > 1 {
                    let half = length / 2
                    first = Value.isLess(value, sorted[first &+ half]) ? first : first &+ half
                    length &-= half
                }
                return Value.isEqual(sorted[first], value)
            }
        }

        private func scan<Value: ComparedValue>(_ values: OperandValues<Value>) {
            for index in 0..<((count + 63) / 64) { words[index] = 0 }
            for constant in 0..<constants.count {
                let repeated = Operand(constant: constants.slice(constant..<constant + 1))
                withExtendedLifetime(repeated) {
                    mark(values, equalTo: repeated.column.values(as: Value.self))
                }
            }
        }

        private func mark<Value: ComparedValue>(_ values: OperandValues<Value>, equalTo constant: UnsafePointer<Value>)
        {
            for start in stride(from: 0, to: count, by: 64) {
                let block = values.block(at: start)
                if count - start >= 64 {
                    words[start >> 6] |= Value.equalWord(block, constant)
                } else {
                    for row in 0..<(count - start) where Value.isEqual(block[row], constant[row]) {
                        words[start >> 6] |= 1 &<< UInt64(truncatingIfNeeded: row)
                    }
                }
            }
        }
    }
}
