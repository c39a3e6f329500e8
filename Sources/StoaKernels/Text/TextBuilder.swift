import StoaColumns

/// Collects the text of rows, one after the other, into a plain column.
struct TextBuilder {
    private let offsets: MemoryRegion
    private let starts: UnsafeMutablePointer<Int32>
    private var bytes: [UInt8] = []
    private var row = 0
    private let count: Int

    /// Room for `count` rows.
    init(count: Int) {
        self.count = count
        offsets = MemoryRegion(of: Int32.self, count: count + 1)
        starts = offsets.bound(to: Int32.self)
        starts[0] = 0
    }

    /// Adds bytes to the row that `endRow` will close.
    @inline(__always)
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: text) }

    mutating func endRow() {
        row += 1
        starts[row] = Int32(truncatingIfNeeded: bytes.count)
    }

    /// Adds a whole row.
    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        endRow()
    }

    /// The rows as a plain column without nulls. Throws when the text exceeds the 2 GiB of a column chunk.
    func makeColumn() throws(StoaError) -> Column {
        precondition(row == count, "\(row) rows of text where \(count) were announced")
        guard bytes.count <= Int(Int32.max) else { throw StoaError.textTooLong(byteCount: bytes.count) }
        let text = MemoryRegion(byteCount: bytes.count)
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { text.base.copyMemory(from: base, byteCount: source.count) }
        }
        return Column(type: .utf8, count: count, storage: .text(offsets: offsets.buffer, bytes: text.buffer))
    }
}
