import StoaColumns

extension Column {
    /// The rows of all columns, one column after the other, each at its place; nil for columns that are not of fixed width,
    /// have nulls, or are encoded by dictionaries of different families.
    ///
    /// - Parameter places: for each row its place in the result, every place once.
    /// - Cost: one sequential read and one write a row: fast while the rows go to few runs of places.
    package static func scattered(_ columns: [Column], places: UnsafePointer<Int32>) -> Column? {
        guard let first = columns.first, columns.allSatisfy({ $0.nullCount == 0 && $0.type == first.type }) else {
            return nil
        }
        var dictionary: StringDictionary?
        var buffers: [UnsafeRawPointer] = []
        let width = first.type == .utf8 ? 4 : first.type.storageType.byteWidth ?? 0
        for column in columns {
            switch column.storage {
            case .fixed(let buffer): buffers.append(buffer.base + column.offset * width)
            case .dictionary(let codes, let own):
                if let dictionary, dictionary.family !== own.family { return nil }
                if dictionary.map({ $0.count < own.count }) ?? true { dictionary = own }
                buffers.append(codes.base + column.offset * width)
            case .bits, .text: return nil
            }
        }
        let count = columns.reduce(0) { $0 + $1.count }
        let region = MemoryRegion(byteCount: count * width)
        var start = 0
        for (column, buffer) in zip(columns, buffers) {
            scatter(buffer, width: width, places + start, column.count, into: region.base)
            start += column.count
        }
        withExtendedLifetime(columns) {}
        if let dictionary {
            if buffers.count != columns.count { return nil }
            return Column(type: .utf8, count: count, storage: .dictionary(codes: region.buffer, dictionary))
        }
        return Column(type: first.type, count: count, storage: .fixed(region.buffer), bounds: joinedBounds(columns))
    }

    private static func scatter(
        _ source: UnsafeRawPointer, width: Int, _ places: UnsafePointer<Int32>, _ count: Int,
        into target: UnsafeMutableRawPointer
    ) {
        @inline(__always)
        func move<Value: BitwiseCopyable>(_: Value.Type) {
            let values = source.assumingMemoryBound(to: Value.self)
            let slots = target.assumingMemoryBound(to: Value.self)
            for row in 0..<count { slots[Int(places[row])] = values[row] }
        }
        switch width {
        case 1: move(UInt8.self)
        case 2: move(UInt16.self)
        case 4: move(UInt32.self)
        case 8: move(UInt64.self)
        case 16: move(SIMD2<UInt64>.self)
        default: preconditionFailure("no values are \(width) bytes wide")
        }
    }
}
