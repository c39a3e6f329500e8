internal import CStoaVector
import StoaColumns

/// Putting one column together from rows of several.
///
/// Nulls: a chosen null stays null; a row that nothing is chosen for is null. NaN and overflow: values are moved as bits.
/// Empty: empty. Cost: fixed widths blend 64 rows a step in vectors for each source with a row among them; text is
/// concatenated and taken.
package enum Choice {
    /// Row r of the first source whose mask holds r, else of `otherwise`, else null. The masks must not overlap.
    package static func select(
        _ sources: [(mask: BitMask, value: Operand)], otherwise: Operand?, type: DataType, count: Int
    ) throws(StoaError) -> Column {
        for source in sources where source.mask.ones == count {
            return source.value.column(count: count)
        }
        if sources.allSatisfy({ $0.mask.ones == 0 }) {
            return otherwise?.column(count: count) ?? Column.nulls(type, count: count)
        }
        if type == .utf8 { return try selectText(sources, otherwise: otherwise, count: count) }
        let storage: Column.Storage
        if type == .bool {
            let region = MemoryRegion(bits: count)
            let words = region.bound(to: UInt64.self)
            for row in stride(from: 0, to: count, by: 64) {
                var word = otherwise?.bitsWord(at: row, count: count) ?? 0
                for (mask, value) in sources {
                    let chosen = mask.words[row >> 6]
                    if chosen != 0 { word = (word & ~chosen) | (value.bitsWord(at: row, count: count) & chosen) }
                }
                words[row >> 6] = word
            }
            storage = .bits(region.buffer)
        } else {
            let width = type.storageType.byteWidth ?? 0
            let region = MemoryRegion(byteCount: count * width)
            withSelectableValue(
                ofWidth: width,
                BlendBody(sources: sources, otherwise: otherwise, target: region.base, count: count, width: width))
            storage = .fixed(region.buffer)
        }
        return Column(
            type: type, count: count, validity: chosenValidity(sources, otherwise, count)?.buffer, storage: storage)
    }

    /// The first operand's value where it is not null, else the second's, and so on. Null where all are null.
    package static func firstValue(_ operands: [Operand], type: DataType, count: Int) throws(StoaError) -> Column {
        var sources: [(mask: BitMask, value: Operand)] = []
        var rest = BitMask(all: true, count: count)
        for operand in operands {
            if rest.ones == 0 { break }
            if operand.column.nullCount == 0 {
                sources.append((rest, operand))
                break
            }
            if operand.isConstant { continue }
            let valid = BitMask(validRowsOf: operand.column)
            sources.append((rest.intersection(valid), operand))
            rest = rest.intersection(valid, inverted: true)
        }
        return try select(sources, otherwise: nil, type: type, count: count)
    }

    /// The smallest (or greatest) of the operands that are not null, in the order of `Comparison`; of equal ones the
    /// first. Null where all are null.
    package static func extreme(
        _ operands: [Operand], isLeast: Bool, type: DataType, count: Int
    ) throws(StoaError) -> Column {
        precondition(!operands.isEmpty, "no operand to choose from")
        var best = operands[0]
        for operand in operands.dropFirst() {
            let beats = BitMask(
                trueRowsOf: Comparison.compare(isLeast ? .less : .greater, operand, best, count: count))
            let fills = BitMask(trueRowsOf: NullTests.isNull(best, count: count))
            let values = BitMask(trueRowsOf: NullTests.isNotNull(operand, count: count))
            let filled = fills.intersection(values)
            // A row that beats has a value on both sides, one that fills has none in `best`: they do not overlap.
            best = Operand(
                try select([(beats, operand), (filled, operand)], otherwise: best, type: type, count: count))
        }
        return best.column(count: count)
    }

    private struct BlendBody: SelectionBody {
        let sources: [(mask: BitMask, value: Operand)]
        let otherwise: Operand?
        let target: UnsafeMutableRawPointer
        let count: Int
        let width: Int

        func run<Value: SelectableValue>(_ type: Value.Type) {
            let result = target.assumingMemoryBound(to: Value.self)
            let base = otherwise.map { OperandValues<Value>($0) }
            let masks = sources.map { $0.mask.words }
            let values = sources.map { OperandValues<Value>($0.value) }
            for start in stride(from: 0, to: count, by: 64) {
                let block = result + start
                let length = min(64, count - start)
                if let base {
                    block.update(from: base.block(at: start), count: length)
                } else {
                    block.update(repeating: Value.empty, count: length)
                }
                for source in 0..<masks.count {
                    let mask = masks[source][start >> 6]
                    if mask == 0 { continue }
                    let chosen = values[source].block(at: start)
                    if length == 64 {
                        Value.blend(chosen, mask, into: block)
                    } else {
                        var left = mask
                        while left != 0 {
                            let row = left.trailingZeroBitCount
                            block[row] = chosen[row]
                            left &= left &- 1
                        }
                    }
                }
            }
        }
    }

    private static func chosenValidity(
        _ sources: [(mask: BitMask, value: Operand)], _ otherwise: Operand?, _ count: Int
    ) -> MemoryRegion? {
        if let otherwise, otherwise.column.nullCount == 0, sources.allSatisfy({ $0.value.column.nullCount == 0 }) {
            return nil
        }
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        for row in stride(from: 0, to: count, by: 64) {
            var word = otherwise?.validityWord(at: row, count: count) ?? 0
            for (mask, value) in sources {
                let chosen = mask.words[row >> 6]
                word = (word & ~chosen) | (value.validityWord(at: row, count: count) & chosen)
            }
            words[row >> 6] = word
        }
        return region
    }

    private static func selectText(
        _ sources: [(mask: BitMask, value: Operand)], otherwise: Operand?, count: Int
    ) throws(StoaError) -> Column {
        var parts: [Column] = []
        var length = 0
        let rows = MemoryRegion(of: Int32.self, count: count)
        let numbers = rows.bound(to: Int32.self)
        for row in 0..<count { numbers[row] = -1 }
        func place(_ operand: Operand, _ mask: BitMask) throws(StoaError) {
            let column = operand.isConstant ? operand.column(count: 1) : operand.column
            guard length + column.count <= Int(Int32.max) else {
                throw StoaError(.unsupported, "\(length + column.count) rows of text do not fit one column chunk")
            }
            let step = operand.isConstant ? 0 : 1
            for row in mask.rows() { numbers[Int(row)] = Int32(truncatingIfNeeded: length + Int(row) * step) }
            parts.append(column)
            length += column.count
        }
        if let otherwise { try place(otherwise, BitMask(all: true, count: count)) }
        for (mask, value) in sources where mask.ones > 0 { try place(value, mask) }
        let column = try Column.concatenated(parts)
        return withExtendedLifetime(rows) { column.taking(UnsafePointer(numbers), count: count) }
    }
}

extension SelectableValue {
    /// Overwrites the 64 values of `target` where `mask` is set.
    @inline(__always)
    fileprivate static func blend(
        _ values: UnsafePointer<Self>, _ mask: UInt64, into target: UnsafeMutablePointer<Self>
    ) {
        switch MemoryLayout<Self>.size {
        case 1:
            stoa_blend_8(
                UnsafeRawPointer(values).assumingMemoryBound(to: UInt8.self), mask,
                UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt8.self))
        case 2:
            stoa_blend_16(
                UnsafeRawPointer(values).assumingMemoryBound(to: UInt16.self), mask,
                UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self))
        case 4:
            stoa_blend_32(
                UnsafeRawPointer(values).assumingMemoryBound(to: UInt32.self), mask,
                UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt32.self))
        case 8:
            stoa_blend_64(
                UnsafeRawPointer(values).assumingMemoryBound(to: UInt64.self), mask,
                UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt64.self))
        default:
            var left = mask
            while left != 0 {
                let row = left.trailingZeroBitCount
                target[row] = values[row]
                left &= left &- 1
            }
        }
    }
}
