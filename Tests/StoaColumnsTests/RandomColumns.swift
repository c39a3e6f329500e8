import StoaColumns
import StoaTestSupport

/// Seeded random columns and batches of every type, with null patterns and awkward values.
struct RandomColumns {
    var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    static let types: [DataType] = [
        .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .utf8, .date32,
        .timestamp, .timestamp(zone: "Europe/Berlin"), .decimal(precision: 7, scale: 2),
        .decimal(precision: 18, scale: 18), .decimal(precision: 19, scale: 0), .decimal(precision: 38, scale: 5),
    ]

    /// A batch of every type, text plain and encoded.
    mutating func batch(rows: Int) -> Batch {
        var fields: [Field] = []
        var columns: [Column] = []
        for (index, type) in (Self.types + [.utf8]).enumerated() {
            var column = column(type, rows: rows)
            if index == Self.types.count { column = column.dictionaryEncoded() }
            fields.append(Field("c\(index)", type, isNullable: column.nullCount > 0 || Bool.random(using: &generator)))
            columns.append(column)
        }
        return Batch(unchecked: Schema(fields), columns: columns, rowCount: rows)
    }

    /// A column with no, some or only nulls.
    mutating func column(_ type: DataType, rows: Int) -> Column {
        let shares: [Double] = [0, 0, 0.3, 0.95, 1]
        let nullShare: Double = shares.randomElement(using: &generator) ?? 0
        return column(type, valid: (0..<rows).map { _ in Double.random(in: 0..<1, using: &generator) >= nullShare })
    }

    /// A column whose nulls are given.
    mutating func column(_ type: DataType, valid: [Bool]) -> Column {
        switch type {
        case .bool: return Column(valid.map { $0 ? Bool.random(using: &generator) : nil })
        case .int8: return integers(valid, Int8.self)
        case .int16: return integers(valid, Int16.self)
        case .int32: return integers(valid, Int32.self)
        case .int64: return integers(valid, Int64.self)
        case .uint8: return integers(valid, UInt8.self)
        case .uint16: return integers(valid, UInt16.self)
        case .uint32: return integers(valid, UInt32.self)
        case .uint64: return integers(valid, UInt64.self)
        case .float32:
            return Column(valid.map { $0 ? Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator)) : nil })
        case .float64: return Column(valid.map { $0 ? Double(bitPattern: generator.next()) : nil })
        case .utf8:
            let letters = ["", "a", "é", "😀", "long enough to be no inline view", "\0", "\n"]
            return Column(
                valid.map {
                    $0
                        ? (letters.randomElement(using: &generator) ?? "")
                            + (letters.randomElement(using: &generator) ?? "") : nil
                })
        case .date32: return integers(valid, Int32.self).reinterpreted(as: type)
        case .timestamp: return integers(valid, Int64.self).reinterpreted(as: type)
        case .decimal(let precision, let scale):
            let limit = Decimals.powerOfTen(precision) - 1
            let values = valid.map { isValid -> Int128? in
                if !isValid { return nil }
                let wide = Int128(truncatingIfNeeded: generator.next()) << 64 | Int128(generator.next())
                return [limit, -limit, 0, wide % (limit + 1)].randomElement(using: &generator) ?? 0
            }
            guard let column = try? Column(decimals: values, precision: precision, scale: scale) else {
                preconditionFailure("the values fit")
            }
            return column
        }
    }

    private mutating func integers<Value: FixedWidthInteger & ColumnElement>(_ valid: [Bool], _ type: Value.Type)
        -> Column
    {
        Column(
            valid.map { isValid -> Value? in
                isValid
                    ? [.min, .max, 0, Value(truncatingIfNeeded: generator.next())].randomElement(using: &generator) ?? 0
                    : nil
            })
    }
}
