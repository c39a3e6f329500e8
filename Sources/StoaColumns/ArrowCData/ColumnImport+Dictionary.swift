internal import CArrowABI

/// The dictionary of an imported column, kept from batch to batch: producers send the same one with each.
struct ImportedDictionary {
    let dictionary: StringDictionary
    /// For each entry of the Arrow dictionary its code here, -1 for null; nil when the codes are the same.
    let codes: Buffer?
    /// Number of entries of the Arrow dictionary.
    let entryCount: Int
    /// Whose memory `key` points into. It stays alive with this value, so the same addresses mean the same strings.
    private let owner: ImportedArray
    private let key: [Int]

    /// Whether the array's dictionary is this one.
    func matches(_ array: ArrowArray) -> Bool { key == Self.key(of: array) }

    private static func key(of array: ArrowArray) -> [Int] {
        let buffers = (0..<Int(array.n_buffers)).map { Int(bitPattern: array.buffers?[$0]) }
        return [Int(array.length), Int(array.offset)] + buffers
    }

    /// Reads the dictionary of an array. Repeated strings and nulls are taken out, as StringDictionary demands.
    init(values: Column, array: ArrowArray, owner: ImportedArray) {
        self.owner = owner
        key = Self.key(of: array)
        var builder = StringDictionaryBuilder(capacity: values.count)
        let region = MemoryRegion(of: Int32.self, count: values.count)
        let codes = region.bound(to: Int32.self)
        var isSame = values.count > 0
        for row in 0..<values.count {
            codes[row] = values.isNull(at: row) ? -1 : builder.code(for: values.textBytes(at: row))
            isSame = isSame && codes[row] == Int32(row)
        }
        // Rows that are all null still have code 0, which must stand for a string.
        if builder.count == 0 { _ = builder.code(for: UnsafeRawBufferPointer(start: nil, count: 0)) }
        entryCount = values.count
        self.codes = isSame ? nil : region.buffer
        dictionary = isSame ? StringDictionary(values: values) : builder.finished()
    }
}

extension ColumnImport {
    /// Dictionary-encoded text. Int32 and UInt32 codes are shared when they are in order already, others are copied.
    func encoded(
        _ codes: StorageType, _ layout: ArrowForm.TextLayout, _ known: inout ImportedDictionary?
    ) throws(StoaError) -> Column {
        guard let entries = array.dictionary else {
            throw failure(.schemaMismatch, "the Arrow array has no dictionary where the schema promises one")
        }
        let dictionary: ImportedDictionary
        if let known, known.matches(entries.pointee) {
            dictionary = known
        } else {
            dictionary = try importedDictionary(entries.pointee, layout)
            known = dictionary
        }
        switch codes {
        case .int8: return try encoded(by: dictionary, as: Int8.self)
        case .uint8: return try encoded(by: dictionary, as: UInt8.self)
        case .int16: return try encoded(by: dictionary, as: Int16.self)
        case .uint16: return try encoded(by: dictionary, as: UInt16.self)
        case .int32, .uint32:
            if let shared = try sharedCodes(dictionary) { return shared }
            return codes == .int32
                ? try encoded(by: dictionary, as: Int32.self) : try encoded(by: dictionary, as: UInt32.self)
        case .int64: return try encoded(by: dictionary, as: Int64.self)
        case .uint64: return try encoded(by: dictionary, as: UInt64.self)
        default: preconditionFailure("\(codes) cannot be the type of dictionary codes")
        }
    }

    private func importedDictionary(
        _ entries: ArrowArray, _ layout: ArrowForm.TextLayout
    ) throws(StoaError) -> ImportedDictionary {
        var none: ImportedDictionary?
        let values = try ColumnImport(
            field: field.ofDictionary(layout), array: entries, owner: owner, skipping: 0, count: Int(entries.length),
            options: options
        ).column(dictionary: &none)
        return ImportedDictionary(values: values, array: entries, owner: owner)
    }

    /// The codes as they are; nil when a row's code must change: another order, an unaligned buffer, a null row whose
    /// code is not 0, or a code out of range (which the copy reports).
    private func sharedCodes(_ dictionary: ImportedDictionary) throws(StoaError) -> Column? {
        let base = try buffer(1)
        guard dictionary.codes == nil, Int(bitPattern: base) % 4 == 0 else { return nil }
        let codes = base.assumingMemoryBound(to: UInt32.self) + offset
        let limit = UInt32(dictionary.dictionary.count)
        let validity = validity
        if let validity {
            for row in 0..<count where codes[row] >= (Bitmap.bit(validity.base, at: offset + row) ? limit : 1) {
                return nil
            }
        } else {
            var highest: UInt32 = 0
            for row in 0..<count { highest = max(highest, codes[row]) }
            if highest >= limit { return nil }
        }
        return Column(
            type: .utf8, count: count, offset: offset, validity: validity,
            storage: .dictionary(
                codes: Buffer(base: base, byteCount: (offset + count) * 4, owner: owner), dictionary.dictionary))
    }

    private func encoded<Code: FixedWidthInteger & BitwiseCopyable>(
        by dictionary: ImportedDictionary, as type: Code.Type
    ) throws(StoaError) -> Column {
        let stride = MemoryLayout<Code>.size
        let rows = try buffer(1) + offset * stride
        let entryCount = dictionary.entryCount
        let newCodes = dictionary.codes?.pointer(as: Int32.self)
        let validity = validity?.base
        let region = MemoryRegion(of: Int32.self, count: count)
        let codes = region.bound(to: Int32.self)
        let bits = Bitmap.filled(true, count: count)
        for row in 0..<count {
            codes[row] = 0
            if let validity, !Bitmap.bit(validity, at: offset + row) {
                Bitmap.set(bits.base, at: row, to: false)
                continue
            }
            let entry = (rows + row * stride).loadUnaligned(as: Code.self)
            guard let index = Int(exactly: entry), index >= 0, index < entryCount else {
                throw failure(
                    .schemaMismatch, "row \(row) has code \(entry) into a dictionary of \(entryCount) strings")
            }
            let code = newCodes?[index] ?? Int32(truncatingIfNeeded: index)
            if code < 0 { Bitmap.set(bits.base, at: row, to: false) } else { codes[row] = code }
        }
        return Column(
            type: .utf8, count: count, validity: bits.buffer,
            storage: .dictionary(codes: region.buffer, dictionary.dictionary))
    }
}
