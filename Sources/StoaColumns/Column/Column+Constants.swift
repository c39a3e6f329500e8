extension Column {
    /// A column of nulls of any type.
    public static func nulls(_ type: DataType, count: Int) -> Column {
        precondition(count >= 0, "a column cannot have \(count) rows")
        let storage: Storage
        switch type.storageType {
        case .bool: storage = .bits(MemoryRegion(bits: count, zeroed: true).buffer)
        case .utf8:
            storage = .text(
                offsets: MemoryRegion(of: Int32.self, count: count + 1, zeroed: true).buffer,
                bytes: MemoryRegion(byteCount: 0).buffer)
        default:
            storage = .fixed(MemoryRegion(byteCount: count * (type.storageType.byteWidth ?? 0), zeroed: true).buffer)
        }
        return Column(
            type: type, count: count, validity: Bitmap.filled(false, count: count).buffer, nullCount: count,
            storage: storage)
    }
}
