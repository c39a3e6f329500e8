extension Column {
    /// The column with its `bounds`, learnt by one pass over the values where its type has bounds and they are not known.
    ///
    /// Nulls: not counted; a column of nulls has no bounds. Overflow: uint64 values above Int64's have no bounds.
    /// Empty: none. Cost: a streaming read of the values.
    package func withBounds() -> Column {
        guard bounds == nil, let learnt = learntBounds() else { return self }
        return Column(
            type: type, count: count, offset: offset, validity: validity, nullCount: nullCount, storage: storage,
            bounds: learnt)
    }

    private func learntBounds() -> ClosedRange<Int64>? {
        switch type.storageType {
        case .int8: extremes(as: Int8.self)
        case .int16: extremes(as: Int16.self)
        case .int32: extremes(as: Int32.self)
        case .int64: extremes(as: Int64.self)
        case .uint8: extremes(as: UInt8.self)
        case .uint16: extremes(as: UInt16.self)
        case .uint32: extremes(as: UInt32.self)
        case .uint64: extremes(as: UInt64.self)
        case .bool, .float32, .float64, .int128, .utf8: nil
        }
    }

    @inline(__always)
    private func extremes<Value: FixedWidthInteger & BitwiseCopyable>(as _: Value.Type) -> ClosedRange<Int64>? {
        let values = values(as: Value.self)
        var least = Value.max
        var greatest = Value.min
        if let validity {
            var start = 0
            while start < count {
                var word = Bitmap.word(validity.base, at: offset + start, count: min(64, count - start))
                if word == ~0 {
                    for row in start..<start + 64 {
                        least = min(least, values[row])
                        greatest = max(greatest, values[row])
                    }
                } else {
                    while word != 0 {
                        let value = values[start + word.trailingZeroBitCount]
                        least = min(least, value)
                        greatest = max(greatest, value)
                        word &= word &- 1
                    }
                }
                start += 64
            }
        } else {
            for row in 0..<count {
                least = min(least, values[row])
                greatest = max(greatest, values[row])
            }
        }
        guard least <= greatest, let lower = Int64(exactly: least), let upper = Int64(exactly: greatest) else {
            return nil
        }
        return lower...upper
    }
}
