extension Column {
    /// Throws `engineFailed` with what is wrong when this column breaks a promise that kernels rely on. Reads every value:
    /// for tests and for the maker of a new kernel.
    package func checkInvariants() throws(StoaError) {
        func require(_ holds: Bool, _ broken: @autoclosure () -> String) throws(StoaError) {
            if !holds {
                throw StoaError(.engineFailed, source: .engine, "a \(type) column of \(count) rows: \(broken())")
            }
        }
        try require(count >= 0 && offset >= 0, "row \(offset) is its first")
        let end = offset + count
        if let validity {
            try require(validity.byteCount * 8 >= end, "\(validity.byteCount) bytes of validity for rows up to \(end)")
            let nulls = count - Bitmap.countOnes(validity.base, at: offset, count: count)
            try require(nulls == nullCount && nulls > 0, "\(nulls) cleared validity bits, \(nullCount) nulls stated")
        } else {
            try require(nullCount == 0, "\(nullCount) nulls stated, but no validity bitmap")
        }
        switch storage {
        case .fixed(let values):
            guard let width = type.storageType.byteWidth else {
                return try require(false, "fixed-width storage")
            }
            try require(values.byteCount >= end * width, "\(values.byteCount) bytes of values for rows up to \(end)")
            try require(Int(bitPattern: values.base) % width == 0, "values that are not aligned to \(width) bytes")
            if case .decimal(let precision, let scale) = type {
                try require((0...precision).contains(scale), "a scale of \(scale)")
                for row in 0..<count where !isNull(at: row) {
                    let value = unscaledDecimal(at: row)
                    try require(Decimals.fits(value, precision: precision), "row \(row) holds \(value), scaled")
                }
            }
        case .bits(let bits):
            try require(type == .bool, "storage of bits")
            try require(bits.byteCount * 8 >= end, "\(bits.byteCount) bytes of bits for rows up to \(end)")
        case .text(let offsets, let bytes):
            try require(type == .utf8, "storage of text")
            try require(
                offsets.byteCount >= (end + 1) * 4, "\(offsets.byteCount) bytes of offsets for rows up to \(end)")
            try require(Int(bitPattern: offsets.base) % 4 == 0, "offsets that are not aligned to 4 bytes")
            let starts = offsets.pointer(as: Int32.self) + offset
            try require(starts[0] >= 0, "text that starts at byte \(starts[0])")
            for row in 0..<count {
                try require(starts[row] <= starts[row + 1], "row \(row) ends before it starts")
            }
            try require(Int(starts[count]) <= bytes.byteCount, "text up to byte \(starts[count]) of \(bytes.byteCount)")
            for row in 0..<count where !isNull(at: row) {
                try require(String(validating: textBytes(at: row), as: UTF8.self) != nil, "row \(row) is not UTF-8")
            }
        case .dictionary(let codes, let dictionary):
            try require(type == .utf8, "dictionary storage")
            try require(codes.byteCount >= end * 4, "\(codes.byteCount) bytes of codes for rows up to \(end)")
            try require(Int(bitPattern: codes.base) % 4 == 0, "codes that are not aligned to 4 bytes")
            let rows = codes.pointer(as: Int32.self) + offset
            for row in 0..<count {
                let isValid = !isNull(at: row)
                try require(
                    isValid ? rows[row] >= 0 && Int(rows[row]) < dictionary.count : rows[row] == 0,
                    "row \(row)\(isValid ? "" : ", which is null,") has code \(rows[row]) of \(dictionary.count)")
            }
            try dictionary.values.checkInvariants()
            var distinct = StringDictionaryBuilder(capacity: dictionary.count)
            for code in 0..<dictionary.count {
                try require(
                    distinct.code(for: dictionary.values.textBytes(at: code)) == Int32(code),
                    "entry \(code) of the dictionary repeats an earlier one")
            }
        }
    }
}

extension Batch {
    /// Throws `engineFailed` or `schemaMismatch` when the batch or one of its columns breaks a promise; reads every value.
    package func checkInvariants() throws(StoaError) {
        let checked = try Batch(schema: schema, columns: columns)
        guard columns.isEmpty || checked.rowCount == rowCount else {
            throw StoaError(
                .engineFailed, source: .engine, "\(rowCount) rows stated, the columns have \(checked.rowCount)")
        }
        for (field, column) in zip(schema.fields, columns) {
            do throws(StoaError) {
                try column.checkInvariants()
            } catch {
                throw error.located(.init(column: field.name))
            }
        }
    }
}
