import StoaColumns

/// Questions about nulls, NaN and infinities, as bool columns.
///
/// Empty: empty. Cost: a word operation for 64 rows; NaN and finite tests compare in vectors.
package enum NullTests {
    /// Whether the value is null; never null itself.
    package static func isNull(_ operand: Operand, count: Int) -> Column {
        validityBits(operand, count: count, flip: ~0)
    }

    /// Whether there is a value; never null itself.
    package static func isNotNull(_ operand: Operand, count: Int) -> Column {
        validityBits(operand, count: count, flip: 0)
    }

    /// Whether a float is NaN, false for all values of other types. Null for null.
    package static func isNaN(_ operand: Operand, count: Int) -> Column {
        floatTest(operand, count: count, isNaN: true)
    }

    /// Whether a float is neither NaN nor infinite, true for all values of other types. Null for null.
    package static func isFinite(_ operand: Operand, count: Int) -> Column {
        floatTest(operand, count: count, isNaN: false)
    }

    /// `isNull` (or, not wanted, `isNotNull`) on registers of a program's block.
    package static func laneKernel(isNull: Bool) -> LaneKernel {
        let flip: UInt64 = isNull ? ~0 : 0
        return LaneKernel(setsValidity: true) { arguments in
            let words = arguments.result.pointee.words
            let validity = arguments.first.pointee.validity
            for index in 0..<(arguments.count &+ 63) / 64 { words[index] = (validity?[index] ?? ~0) ^ flip }
            LaneLoops.clearTail(words, arguments.count)
            arguments.result.pointee.validity = nil
            return true
        }
    }

    private static func validityBits(_ operand: Operand, count: Int, flip: UInt64) -> Column {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        let scope = RowScope(count: count)
        for row in stride(from: 0, to: count, by: 64) {
            words[row >> 6] = (operand.validityWord(at: row, count: count) ^ flip) & scope.word(at: row)
        }
        return Column(type: .bool, count: count, storage: .bits(region.buffer))
    }

    private static func floatTest(_ operand: Operand, count: Int, isNaN: Bool) -> Column {
        let region: MemoryRegion
        switch operand.type.storageType {
        case .float32: region = bits(operand, count, isNaN: isNaN, as: Float.self)
        case .float64: region = bits(operand, count, isNaN: isNaN, as: Double.self)
        default: region = Bitmap.filled(!isNaN, count: count)
        }
        return Column(
            type: .bool, count: count, validity: validity(of: [operand], count: count)?.buffer,
            storage: .bits(region.buffer))
    }

    private static func bits<Value: ColumnFloat>(
        _ operand: Operand, _ count: Int, isNaN: Bool, as: Value.Type
    ) -> MemoryRegion {
        let region = MemoryRegion(bits: count)
        let values = OperandValues<Value>(operand)
        let step = operand.isConstant ? 0 : 1
        let words = region.bound(to: UInt64.self)
        let first = values.block(at: 0)
        if isNaN {
            fillWords(words, count) { row in
                let value = first[row &* step]
                return value != value
            }
        } else {
            fillWords(words, count) { row in first[row &* step].magnitude < .infinity }
        }
        return region
    }
}
