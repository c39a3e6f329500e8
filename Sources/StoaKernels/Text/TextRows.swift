import Glibc
import StoaColumns

/// The bytes of each row of a text operand, plain, encoded or constant, without decoding it.
struct TextRows {
    private let offsets: UnsafePointer<Int32>
    private let bytes: UnsafePointer<UInt8>
    private let codes: UnsafePointer<Int32>?
    private let isConstant: Bool
    private let isEmptyDictionary: Bool

    init(_ operand: Operand) {
        self.init(operand.column, isConstant: operand.isConstant)
    }

    init(_ column: Column, isConstant: Bool = false) {
        self.isConstant = isConstant
        if let (codes, dictionary) = column.dictionaryCodes, let text = dictionary.values.text {
            self.codes = codes
            (offsets, bytes) = text
            isEmptyDictionary = dictionary.count == 0
        } else if let text = column.text {
            codes = nil
            (offsets, bytes) = text
            isEmptyDictionary = false
        } else {
            preconditionFailure("a \(column.type) column has no text")
        }
    }

    /// The text of a row; of a null row, any text.
    @inline(__always)
    subscript(row: Int) -> UnsafeBufferPointer<UInt8> {
        var index = isConstant ? 0 : row
        if let codes {
            // Only null rows have codes into a dictionary without entries.
            if isEmptyDictionary { return UnsafeBufferPointer(start: bytes, count: 0) }
            index = Int(codes[index])
        }
        let start = Int(offsets[index])
        return UnsafeBufferPointer(start: bytes + start, count: Int(offsets[index &+ 1]) &- start)
    }

    /// Byte order, which for UTF-8 is the order of the Unicode scalars.
    @inline(__always)
    static func isLess(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        let shared = min(left.count, right.count)
        if shared > 0, let a = left.baseAddress, let b = right.baseAddress {
            let order = memcmp(a, b, shared)
            if order != 0 { return order < 0 }
        }
        return left.count < right.count
    }

    @inline(__always)
    static func isEqual(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        if left.count == 0 { return true }
        guard let a = left.baseAddress, let b = right.baseAddress else { return false }
        return memcmp(a, b, left.count) == 0
    }
}

/// Comparison of text, row by row.
enum TextComparison {
    static func fill(
        _ words: UnsafeMutablePointer<UInt64>, isLess: Bool, _ left: Operand, _ right: Operand, _ count: Int
    ) {
        if !isLess, !left.isConstant, !right.isConstant, let a = left.column.dictionaryCodes,
            let b = right.column.dictionaryCodes, a.dictionary.family === b.dictionary.family
        {
            fillWords(words, count) { a.codes[$0] == b.codes[$0] }
            return
        }
        let a = TextRows(left)
        let b = TextRows(right)
        if isLess {
            fillWords(words, count) { TextRows.isLess(a[$0], b[$0]) }
        } else {
            fillWords(words, count) { TextRows.isEqual(a[$0], b[$0]) }
        }
    }
}

/// Fills `count` bits with a row's answer each; the closure is inlined.
@inline(__always)
func fillWords(_ words: UnsafeMutablePointer<UInt64>, _ count: Int, _ answer: (Int) -> Bool) {
    for start in stride(from: 0, to: count, by: 64) {
        var word: UInt64 = 0
        for place in 0..<min(64, count &- start) {
            word |= (answer(start &+ place) ? 1 : 0) &<< UInt64(truncatingIfNeeded: place)
        }
        words[start >> 6] = word
    }
}
