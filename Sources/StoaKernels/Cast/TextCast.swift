import StoaColumns

extension CastTask {
    /// From text, strictly. An encoded column is parsed row by row here; callers parse its dictionary once instead.
    func parseText() throws(StoaError) -> Column {
        switch type {
        case .bool: return try parseBool()
        case .date32: return try parse(Int32.self) { DateParser.date($0) }
        case .timestamp: return try parse(Int64.self) { DateParser.timestamp($0) }
        case .float32: return try parse(Float.self) { NumberParser.float32($0) }
        case .float64: return try parse(Double.self) { NumberParser.float64($0) }
        case .decimal(let precision, let scale):
            let limit = Decimals.powerOfTen(precision)
            if type.storageType == .int64 {
                return try parse(Int64.self) {
                    NumberParser.decimal($0, limit: limit, scale: scale).map { Int64(truncatingIfNeeded: $0) }
                }
            }
            return try parse(Int128.self) { NumberParser.decimal($0, limit: limit, scale: scale) }
        default: return try withInteger(type.storageType, ParsedInteger(task: self))
        }
    }

    private struct ParsedInteger: IntegerBody {
        let task: CastTask
        func run<Value: ColumnInteger>(_: Value.Type) throws(StoaError) -> Column {
            try task.parse(Value.self) { NumberParser.integer($0, as: Value.self) }
        }
    }

    private func parse<Value: BitwiseCopyable & Numeric>(
        _: Value.Type, _ parser: (UnsafeBufferPointer<UInt8>) -> Value?
    ) throws(StoaError) -> Column {
        let region = MemoryRegion(of: Value.self, count: rows.count)
        let target = region.bound(to: Value.self)
        let texts = TextRows(operand)
        var failures: MemoryRegion?
        for start in stride(from: 0, to: rows.count, by: 64) {
            let valid = operand.validityWord(at: start, count: rows.count)
            for row in start..<min(rows.count, start + 64) {
                target[row] = 0
                if valid &>> UInt64(truncatingIfNeeded: row - start) & 1 == 0 { continue }
                if let value = parser(texts[row]) {
                    target[row] = value
                } else {
                    let noted = failures ?? MemoryRegion(bits: rows.count, zeroed: true)
                    failures = noted
                    Bitmap.set(noted.base, at: row, to: true)
                }
            }
        }
        return try settle(.fixed(region.buffer), failures)
    }

    /// `true` and `false`, in any case.
    private func parseBool() throws(StoaError) -> Column {
        let region = MemoryRegion(bits: rows.count, zeroed: true)
        let failures = MemoryRegion(bits: rows.count, zeroed: true)
        let texts = TextRows(operand)
        for row in 0..<rows.count {
            if operand.column.isNull(at: operand.isConstant ? 0 : row) { continue }
            switch String(decoding: texts[row], as: UTF8.self).lowercased() {
            case "true": Bitmap.set(region.base, at: row, to: true)
            case "false": break
            default: Bitmap.set(failures.base, at: row, to: true)
            }
        }
        return try settle(.bits(region.buffer), failures)
    }
}
