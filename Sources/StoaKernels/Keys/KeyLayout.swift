/// Keys of one row as one number: digit c is the cell's place in the range of column c, counted from 1, and 0 for null
/// (mixed radix). Small totals index an array, larger ones are the key of a hash table.
struct RadixLayout {
    let minimums: [UInt64]
    /// Number of values each column's range holds.
    let extents: [UInt64]
    let strides: [UInt64]
    /// One more than the greatest number.
    let total: UInt64

    /// The layout of these ranges; nil when the numbers would need more than 63 bits.
    init?(minimums: [UInt64], extents: [UInt64]) {
        var total: UInt64 = 1
        var strides: [UInt64] = []
        for extent in extents {
            strides.append(total)
            let (digits, first) = extent.addingReportingOverflow(1)
            let (product, second) = total.multipliedReportingOverflow(by: digits)
            if first || second || product > 1 << 63 { return nil }
            total = product
        }
        self.minimums = minimums
        self.extents = extents
        self.strides = strides
        self.total = total
    }

    /// The greatest cell of a column's range.
    func maximum(_ column: Int) -> UInt64 { minimums[column] &+ (extents[column] &- 1) }

    /// The numbers of rows whose cells are inside the ranges.
    func encode(_ chunk: KeyChunk, rows: Int, into keys: UnsafeMutablePointer<UInt64>) {
        for column in 0..<strides.count {
            let cells = UnsafePointer(chunk.cells[column])
            let base = minimums[column] &- 1
            let stride = strides[column]
            if chunk.hasNulls[column] {
                let nulls = UnsafePointer(chunk.nulls[column])
                if column == 0 { keys.update(repeating: 0, count: rows) }
                for row in 0..<rows {
                    keys[row] &+= ((cells[row] &- base) &* stride) & (UInt64(nulls[row]) &- 1)
                }
            } else if column == 0 {
                for row in 0..<rows { keys[row] = cells[row] &- base }
            } else {
                for row in 0..<rows { keys[row] &+= (cells[row] &- base) &* stride }
            }
        }
    }

    /// Flags rows with a cell outside its range, which no stored key can have.
    func flagOutside(_ chunk: KeyChunk, rows: Int, into absent: UnsafeMutablePointer<UInt8>) {
        for column in 0..<strides.count {
            let cells = chunk.cells[column]
            let base = minimums[column]
            let extent = extents[column]
            let nulls = chunk.nulls[column]
            let hasNulls = chunk.hasNulls[column]
            for row in 0..<rows where cells[row] &- base >= extent && !(hasNulls && nulls[row] != 0) {
                absent[row] = 1
            }
        }
    }
}

/// Keys of one row as fixed-width bit fields in a few words, each column with a bit that tells null.
struct RecordLayout {
    private struct Field {
        let column: Int
        let word: Int
        let shift: UInt64
        let mask: UInt64
    }

    private let values: [Field]
    private let upperHalves: [Field]
    private let flags: [Field]
    /// Words a record has.
    let width: Int

    /// A layout of cells of these widths (1...64 bits; 128 for two words).
    init(bits: [Int]) {
        var free: [Int] = []
        func place(_ column: Int, _ width: Int) -> Field {
            let word = free.firstIndex { $0 >= width } ?? free.count
            if word == free.count { free.append(64) }
            let shift = 64 - free[word]
            free[word] -= width
            return Field(
                column: column, word: word, shift: UInt64(shift), mask: width == 64 ? ~0 : (1 << UInt64(width)) - 1)
        }
        var values: [Field] = []
        var upperHalves: [Field] = []
        for column in bits.indices.sorted(by: { bits[$0] > bits[$1] }) {
            values.append(place(column, min(bits[column], 64)))
            if bits[column] == 128 { upperHalves.append(place(column, 64)) }
        }
        self.values = values
        self.upperHalves = upperHalves
        flags = bits.indices.map { place($0, 1) }
        width = max(free.count, 2)
    }

    /// The records of rows, one after the other.
    func encode(_ chunk: KeyChunk, rows: Int, into records: UnsafeMutablePointer<UInt64>) {
        records.update(repeating: 0, count: rows * width)
        for field in values { encode(field, chunk.cells[field.column], chunk, rows: rows, into: records) }
        for field in upperHalves { encode(field, chunk.high[field.column], chunk, rows: rows, into: records) }
        for field in flags where chunk.hasNulls[field.column] {
            let nulls = chunk.nulls[field.column]
            let target = records + field.word
            for row in 0..<rows { target[row &* width] |= UInt64(nulls[row]) &<< field.shift }
        }
    }

    private func encode(
        _ field: Field, _ cells: UnsafeMutablePointer<UInt64>, _ chunk: KeyChunk, rows: Int,
        into records: UnsafeMutablePointer<UInt64>
    ) {
        let width = self.width
        let target = records + field.word
        if chunk.hasNulls[field.column] {
            let nulls = chunk.nulls[field.column]
            for row in 0..<rows {
                let cell = cells[row] & field.mask & (UInt64(nulls[row]) &- 1)
                target[row &* width] |= cell &<< field.shift
            }
        } else {
            for row in 0..<rows { target[row &* width] |= (cells[row] & field.mask) &<< field.shift }
        }
    }
}
