import StoaColumns

extension Column {
    /// The same values with more nulls: a row that is not chosen becomes null. Shares the values' memory.
    package func nulled(exceptAt mask: BitMask) -> Column {
        precondition(mask.count == count, "a mask of \(mask.count) rows for a column of \(count)")
        if mask.ones == count { return self }
        let region = MemoryRegion(bits: count)
        let words = region.bound(to: UInt64.self)
        for index in 0..<((count + 63) / 64) { words[index] = mask.words[index] & validityWord(at: index * 64) }
        return with(validity: region)
    }

    /// The same values with this validity bitmap, which starts at bit 0 of its region, or with none.
    func with(validity region: MemoryRegion?) -> Column {
        guard let region else {
            return Column(type: type, count: count, offset: offset, storage: storage)
        }
        let (storage, first) = rebasedStorage()
        if first == 0 { return Column(type: type, count: count, validity: region.buffer, storage: storage) }
        let shifted = MemoryRegion(bits: first + count)
        var target = BitAppender(to: shifted.bound(to: UInt64.self))
        target.append(0, count: first)
        for row in stride(from: 0, to: count, by: 64) {
            target.append(Bitmap.word(region.base, at: row, count: min(64, count - row)), count: min(64, count - row))
        }
        target.finish()
        return Column(type: type, count: count, offset: first, validity: shifted.buffer, storage: storage)
    }

    /// The storage with its base moved towards the column's first row, and the row's offset from there: 0, or up to 7
    /// where rows are bits. So a bitmap that goes with it need not span the rows before.
    func rebasedStorage() -> (storage: Storage, offset: Int) {
        func moved(_ buffer: Buffer, by bytes: Int) -> Buffer {
            Buffer(base: buffer.base + bytes, byteCount: buffer.byteCount - bytes, owner: buffer.owner)
        }
        switch storage {
        case .fixed(let values):
            return (.fixed(moved(values, by: offset * (type.storageType.byteWidth ?? 0))), 0)
        case .bits(let bits):
            return (.bits(moved(bits, by: offset >> 3)), offset & 7)
        case .text(let offsets, let bytes):
            return (.text(offsets: moved(offsets, by: offset * 4), bytes: bytes), 0)
        case .dictionary(let codes, let dictionary):
            return (.dictionary(codes: moved(codes, by: offset * 4), dictionary), 0)
        }
    }
}
