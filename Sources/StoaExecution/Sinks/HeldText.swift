import StoaColumns

/// How many bytes the text of held batches has once they are one: a text column ends at 2 GiB.
///
/// Plain text counts as it is. Text by dictionaries of one family stays codes and does not count; once families differ or
/// plain text comes, it may be written out, so that all of the column counts as if it were. Cost: nothing a row but for
/// columns of different encodings.
package struct HeldText {
    /// Bytes from which batches are not held together any more: far from 2 GiB, far above what most batches have.
    package static let defaultLimit = 256 << 20

    private let textColumns: [Int]
    private let limit: Int
    private var byteCount = 0
    /// Text columns, by their place in `textColumns`, that may be written out.
    private var isWrittenOut: [Bool]

    init(schema: Schema, limit: Int) {
        textColumns = schema.fields.indices.filter { schema[$0].type == .utf8 }
        isWrittenOut = textColumns.map { _ in false }
        self.limit = limit
    }

    /// Counts a batch in that follows those held; whether they may be joined. The first may always stay alone.
    mutating func add(_ batch: Batch, to held: [Batch]) -> Bool {
        for (place, index) in textColumns.enumerated() {
            let column = batch.columns[index]
            if !isWrittenOut[place], let first = held.first?.columns[index],
                first.dictionaryCodes?.dictionary.family !== column.dictionaryCodes?.dictionary.family
            {
                isWrittenOut[place] = true
                for batch in held { byteCount += batch.columns[index].encodedTextByteCount }
            }
            byteCount += column.plainTextByteCount
            if isWrittenOut[place] { byteCount += column.encodedTextByteCount }
        }
        return held.isEmpty || byteCount <= limit
    }

    /// Nothing is held any more.
    mutating func reset() {
        byteCount = 0
        for place in isWrittenOut.indices { isWrittenOut[place] = false }
    }
}

extension Column {
    /// Bytes of plain text, 0 for encoded text.
    fileprivate var plainTextByteCount: Int {
        guard let (offsets, _) = text else { return 0 }
        return Int(offsets[count] - offsets[0])
    }

    /// Bytes that encoded text has when it is written out, 0 for plain text.
    fileprivate var encodedTextByteCount: Int {
        guard let (codes, dictionary) = dictionaryCodes, dictionary.count > 0,
            let (offsets, _) = dictionary.values.text
        else { return 0 }
        var total = 0
        for row in 0..<count {
            let code = Int(codes[row])
            total &+= Int(offsets[code &+ 1] &- offsets[code])
        }
        return total
    }
}
