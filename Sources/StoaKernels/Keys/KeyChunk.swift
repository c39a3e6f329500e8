import StoaColumns

/// Up to `KeyTable.chunkRows` rows of keys as cells, column after column: scratch that stays in the first cache levels, or
/// a window over the keys that a table has stored.
struct KeyChunk {
    /// One cell a row, per key column.
    var cells: [UnsafeMutablePointer<UInt64>]
    /// The upper halves of decimals of more than 18 digits; equal to `cells` for other types, and not read then.
    var high: [UnsafeMutablePointer<UInt64>]
    /// One flag a row, 1 for null; read where `hasNulls`.
    var nulls: [UnsafeMutablePointer<UInt8>]
    var hasNulls: [Bool]
}

/// The memory of one chunk and of the keys made from it.
final class KeyScratch {
    var chunk: KeyChunk
    let textIDs: UnsafeMutablePointer<Int32>
    let fresh: UnsafeMutablePointer<Int32>
    let absent: UnsafeMutablePointer<UInt8>
    /// Room for the packed keys, at most two words a column and one for 64 null flags.
    let packed: UnsafeMutablePointer<UInt64>
    /// Room for a hash a row and for looking ahead.
    let hashes: UnsafeMutablePointer<UInt64>
    private let region: MemoryRegion

    init(columns: Int) {
        let rows = KeyTable.chunkRows
        let packedWords = 2 * columns + (columns + 63) / 64
        let words = (2 * columns + packedWords + 2) * rows + keyLookAhead
        region = MemoryRegion(byteCount: words * 8 + (columns + 1) * rows, zeroed: true)
        let cells = region.bound(to: UInt64.self)
        let flags = (region.base + words * 8).assumingMemoryBound(to: UInt8.self)
        chunk = KeyChunk(
            cells: (0..<columns).map { cells + $0 * rows }, high: (0..<columns).map { cells + (columns + $0) * rows },
            nulls: (0..<columns).map { flags + $0 * rows }, hasNulls: Array(repeating: false, count: columns))
        packed = cells + 2 * columns * rows
        hashes = packed + packedWords * rows
        let integers = UnsafeMutableRawPointer(hashes + rows + keyLookAhead).assumingMemoryBound(to: Int32.self)
        textIDs = integers
        fresh = integers + rows
        absent = flags + columns * rows
    }
}
