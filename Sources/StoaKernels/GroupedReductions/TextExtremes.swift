import Glibc
import StoaColumns

/// The least or greatest text of each group, in the order of bytes, which is the order of Unicode scalars.
///
/// The first eight bytes decide most comparisons. Texts that were replaced stay in the byte store until they are more than
/// what is in use; then the store is rewritten.
final class TextExtremes: GroupedReduction {
    private struct Entry: BitwiseCopyable {
        /// The first eight bytes, the first in the highest place, zeros after the end.
        var prefix: UInt64 = 0
        var start = 0
        /// Bytes of the text; -1 when the group has none.
        var length = -1
    }

    private let description: ReductionDescription
    private let keepsGreatest: Bool
    private var entries = GrowingBuffer<Entry>()
    private var bytes = GrowingBuffer<UInt8>()
    private var liveBytes = 0

    init(_ description: ReductionDescription) {
        self.description = description
        keepsGreatest = description.function == .max
    }

    func grow(to count: Int) { entries.grow(to: count, filling: Entry()) }

    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int) {
        let column = description.checked(argument, count: count)
        let plain = column.dictionaryCodes?.dictionary.values ?? column
        guard let (offsets, base) = plain.text else { preconditionFailure("a \(column.type) column has no text") }
        let codes = column.dictionaryCodes?.codes
        ValidityBits.forEach(column, count: count) { row in
            let place = codes.map { Int($0[row]) } ?? row
            let first = Int(offsets[place])
            take(base + first, length: Int(offsets[place + 1]) - first, group: Int(ids[row]))
        }
    }

    func merge(_ states: [Column], ids: UnsafePointer<Int32>, count: Int) {
        update(states[0], ids: ids, count: count)
    }

    func states(_ range: Range<Int>) -> [Column] { [column(range)] }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column { column(range) }

    private func take(_ text: UnsafePointer<UInt8>, length: Int, group: Int) {
        let prefix = Self.prefix(text, length)
        let entry = entries.pointer[group]
        if entry.length >= 0 {
            var order = prefix == entry.prefix ? 0 : prefix < entry.prefix ? -1 : 1
            if order == 0 {
                order = Int(memcmp(text, bytes.pointer + entry.start, min(length, entry.length)))
                if order == 0 { order = length - entry.length }
            }
            if keepsGreatest ? order <= 0 : order >= 0 { return }
            liveBytes -= entry.length
        }
        bytes.reserve(length)
        entries.pointer[group] = Entry(prefix: prefix, start: bytes.count, length: length)
        memcpy(bytes.pointer + bytes.count, text, length)
        bytes.advance(by: length)
        liveBytes += length
        if bytes.count > 2 * liveBytes + 65_536 { rewrite() }
    }

    /// Drops the bytes of texts that were replaced.
    private func rewrite() {
        var kept = GrowingBuffer<UInt8>(capacity: 2 * liveBytes)
        for group in 0..<entries.count {
            let entry = entries.pointer[group]
            if entry.length < 0 { continue }
            kept.reserve(entry.length)
            memcpy(kept.pointer + kept.count, bytes.pointer + entry.start, entry.length)
            entries.pointer[group].start = kept.count
            kept.advance(by: entry.length)
        }
        bytes = kept
    }

    private func column(_ range: Range<Int>) -> Column {
        let validity = Bitmap.filled(true, count: range.count)
        let offsetRegion = MemoryRegion(of: Int32.self, count: range.count + 1)
        let offsets = offsetRegion.bound(to: Int32.self)
        var total = 0
        offsets[0] = 0
        for (row, group) in range.enumerated() {
            let length = entries.pointer[group].length
            if length < 0 { Bitmap.set(validity.base, at: row, to: false) }
            total += max(length, 0)
            precondition(total <= Int(Int32.max), "the texts of one batch of \(description.text) need more than 2 GB")
            offsets[row + 1] = Int32(total)
        }
        let byteRegion = MemoryRegion(byteCount: total)
        for (row, group) in range.enumerated() {
            let entry = entries.pointer[group]
            memcpy(byteRegion.base + Int(offsets[row]), bytes.pointer + entry.start, max(entry.length, 0))
        }
        return Column(
            type: .utf8, count: range.count, validity: validity.buffer,
            storage: .text(offsets: offsetRegion.buffer, bytes: byteRegion.buffer))
    }

    @inline(__always)
    private static func prefix(_ text: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
        if length >= 8 { return UInt64(bigEndian: UnsafeRawPointer(text).loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for index in 0..<length { prefix |= UInt64(text[index]) &<< UInt64(56 - 8 * index) }
        return prefix
    }
}
