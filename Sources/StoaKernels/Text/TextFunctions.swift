import Glibc
import StoaColumns

/// Where a text is looked for.
package enum TextSearch: String, Hashable, Sendable, CaseIterable {
    case contains, startsWith, endsWith
}

/// Functions of text.
///
/// Nulls: null where an argument is null. Overflow: text beyond the 2 GiB of a column chunk is an error. Empty: empty.
/// Cost: row by row; callers evaluate encoded columns once per dictionary entry (`Column.mappedThroughCodes`).
package enum TextFunctions {
    /// Number of Unicode scalars, int64.
    package static func length(_ operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(of: Int64.self, count: count)
        let target = region.bound(to: Int64.self)
        let texts = TextRows(operand)
        for row in 0..<count {
            let text = texts[row]
            var scalars: Int64 = 0
            // Every scalar has one byte that is not a continuation byte.
            for index in 0..<text.count { scalars &+= text[index] & 0xC0 != 0x80 ? 1 : 0 }
            target[row] = scalars
        }
        return Column(type: .int64, count: count, values: region, validity: validity(of: [operand], count: count))
    }

    /// Lower or upper case, by the Unicode case mappings.
    package static func changeCase(_ operand: Operand, toUpper: Bool, count: Int) throws(StoaError) -> Column {
        let texts = TextRows(operand)
        var builder = TextBuilder(count: count)
        let first: UInt8 = toUpper ? 0x61 : 0x41
        var scratch: [UInt8] = []
        for row in 0..<count {
            let text = texts[row]
            if text.contains(where: { $0 >= 0x80 }) {
                let string = String(decoding: text, as: UTF8.self)
                builder.append(toUpper ? string.uppercased() : string.lowercased())
            } else {
                scratch.removeAll(keepingCapacity: true)
                for byte in text { scratch.append(byte &- first < 26 ? byte ^ 0x20 : byte) }
                scratch.withUnsafeBufferPointer { builder.add($0) }
                builder.endRow()
            }
        }
        return try builder.makeColumn().with(validity: validity(of: [operand], count: count))
    }

    /// Whether a text holds another one, byte for byte; every text holds the empty text.
    package static func search(
        _ search: TextSearch, _ operand: Operand, for sought: Operand, count: Int
    ) -> Column {
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        let texts = TextRows(operand)
        let patterns = TextRows(sought)
        switch search {
        case .contains: fillWords(words, count) { contains(texts[$0], patterns[$0]) }
        case .startsWith: fillWords(words, count) { hasAt(texts[$0], patterns[$0], fromEnd: false) }
        case .endsWith: fillWords(words, count) { hasAt(texts[$0], patterns[$0], fromEnd: true) }
        }
        return Column(
            type: .bool, count: count, validity: validity(of: [operand, sought], count: count)?.buffer,
            storage: .bits(region.buffer))
    }

    /// The texts of all operands, one after the other.
    package static func concatenate(_ operands: [Operand], count: Int) throws(StoaError) -> Column {
        let texts = operands.map { TextRows($0) }
        var builder = TextBuilder(count: count)
        for row in 0..<count {
            for text in texts { builder.add(text[row]) }
            builder.endRow()
        }
        return try builder.makeColumn().with(validity: validity(of: operands, count: count))
    }

    @inline(__always)
    private static func contains(_ text: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>) -> Bool {
        if pattern.count == 0 { return true }
        guard pattern.count <= text.count, let base = text.baseAddress, let sought = pattern.baseAddress else {
            return false
        }
        // `memchr` runs over the text in vectors; the rest of the pattern is compared where its first byte stands.
        var start = 0
        let last = text.count - pattern.count
        while start <= last, let found = memchr(base + start, Int32(sought[0]), last - start + 1) {
            if memcmp(found, sought, pattern.count) == 0 { return true }
            start = UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
        }
        return false
    }

    @inline(__always)
    private static func hasAt(
        _ text: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>, fromEnd: Bool
    ) -> Bool {
        if pattern.count == 0 { return true }
        guard pattern.count <= text.count, let base = text.baseAddress, let sought = pattern.baseAddress else {
            return false
        }
        return memcmp(base + (fromEnd ? text.count - pattern.count : 0), sought, pattern.count) == 0
    }
}
