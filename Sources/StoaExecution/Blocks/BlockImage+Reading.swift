import StoaColumns
import StoaTasks

extension BlockImage {
    /// The block of an image, whose columns share the image's memory and keep its owner alive.
    ///
    /// Throws a retryable `blockLost` when the image is not what a writer of this version wrote; see `Validation` for what
    /// is looked at. `dictionaries` gives those that the image names. The base must be a multiple of `alignment`; what follows the image in the buffer is ignored. Cost: a
    /// look at each column, with `full` validation a streaming read of codes, offsets, bitmaps and bounded columns.
    package static func read(
        from image: Buffer, validation: Validation = .full,
        dictionaries: (DictionaryPlace) throws(StoaError) -> StringDictionary = BlockImage.noDictionary
    ) throws(StoaError) -> Block {
        guard Int(bitPattern: image.base) % alignment == 0 else {
            throw damaged("it does not start at a multiple of \(alignment)")
        }
        let header = try Header(readingFrom: image.base, available: image.byteCount)
        let start = aligned(Header.byteCount + header.descriptionBytes)
        guard start <= header.imageBytes else { throw damaged("it ends within its description") }
        var description = ImageReader(
            UnsafeRawBufferPointer(start: image.base + Header.byteCount, count: header.descriptionBytes))
        let buffers = Buffer(base: image.base + start, byteCount: header.imageBytes - start, owner: image.owner)
        defer { withExtendedLifetime(image) {} }
        switch header.kind {
        case .rows: return try RowReader(&description, buffers, validation, dictionaries).block(&description)
        case .state:
            let typeName = try description.string()
            let length = try description.int(in: 0...buffers.byteCount)
            let payload = Array(UnsafeRawBufferPointer(start: buffers.base, count: length))
            do throws(StoaError) {
                return Block(state: try UserState(typeName: typeName, payload: payload).decoded())
            } catch  where error.code == .invalidArgument {
                throw damaged(error.message)
            }
        }
    }

    /// For images that must hold their dictionaries.
    package static func noDictionary(_ place: DictionaryPlace) throws(StoaError) -> StringDictionary {
        throw damaged("it names a dictionary at \(place.offset), and is in no segment")
    }
}

/// Makes the columns of an image of rows.
private struct RowReader {
    private let buffers: Buffer
    private let validation: BlockImage.Validation
    private var schemas: [Schema] = []
    private var dictionaries: [StringDictionary] = []

    /// More rows than any batch has, few enough that sizes do not overflow.
    private static let rowLimit = 1 << 48

    init(
        _ description: inout ImageReader, _ buffers: Buffer, _ validation: BlockImage.Validation,
        _ shared: (DictionaryPlace) throws(StoaError) -> StringDictionary
    ) throws(StoaError) {
        self.buffers = buffers
        self.validation = validation
        for _ in 0..<(try description.count()) { schemas.append(try description.schema()) }
        for _ in 0..<(try description.count()) {
            if try description.bool() {
                let family = try description.int()
                let offset = try description.int()
                let place = DictionaryPlace(family: family, offset: offset, byteCount: try description.int())
                dictionaries.append(try shared(place))
                continue
            }
            let count = try description.int(in: 0...Int(Int32.max))
            let values = Column(type: .utf8, count: count, storage: try text(&description, rows: count))
            dictionaries.append(StringDictionary(values: values))
        }
    }

    func block(_ description: inout ImageReader) throws(StoaError) -> Block {
        var batches: [Batch] = []
        var total = 0
        for _ in 0..<(try description.count()) {
            guard !schemas.isEmpty else { throw BlockImage.damaged("a batch has no schema") }
            let schema = schemas[try description.int(in: 0...schemas.count - 1)]
            let rows = try description.int(in: 0...Self.rowLimit)
            total += rows
            guard total <= Self.rowLimit else { throw BlockImage.damaged("it has too many rows") }
            var columns: [Column] = []
            columns.reserveCapacity(schema.count)
            for field in schema.fields { columns.append(try column(&description, field, rows: rows)) }
            batches.append(Batch(unchecked: schema, columns: columns, rowCount: rows))
        }
        return Block(rows: batches)
    }

    private func column(
        _ description: inout ImageReader, _ field: Field, rows: Int
    ) throws(StoaError) -> Column {
        let nullCount = try description.int(in: 0...(field.isNullable ? rows : 0))
        let validity = nullCount == 0 ? nil : try buffer(&description, RowImage.bitBytes(rows))
        var bounds: ClosedRange<Int64>?
        if try description.bool() {
            let lower = Int64(try description.int())
            let upper = Int64(try description.int())
            guard lower <= upper else { throw BlockImage.damaged("bounds from \(lower) to \(upper)") }
            bounds = lower...upper
        }
        let encoding = try description.int()
        let storage: Column.Storage
        switch (RowImage.Encoding(rawValue: encoding), field.type.storageType) {
        case (.bits, .bool): storage = .bits(try buffer(&description, RowImage.bitBytes(rows)))
        case (.text, .utf8): storage = try text(&description, rows: rows)
        case (.dictionary, .utf8):
            guard !dictionaries.isEmpty else { throw BlockImage.damaged("codes without a dictionary") }
            let dictionary = dictionaries[try description.int(in: 0...dictionaries.count - 1)]
            storage = .dictionary(codes: try buffer(&description, rows * 4), dictionary)
        case (.fixed, let type):
            guard let width = type.byteWidth else { throw BlockImage.damaged("\(field.type) of fixed width") }
            storage = .fixed(try buffer(&description, rows * width))
        default: throw BlockImage.damaged("encoding \(encoding) of \(field.type)")
        }
        let column = Column(
            type: field.type, count: rows, validity: validity, nullCount: nullCount, storage: storage, bounds: bounds)
        if validation == .full { try check(column, field) }
        return column
    }

    /// A buffer of the image, of `byteCount` bytes at the next stated place.
    private func buffer(_ description: inout ImageReader, _ byteCount: Int) throws(StoaError) -> Buffer {
        let place = try description.int()
        guard place >= 0, place % BlockImage.alignment == 0, byteCount <= buffers.byteCount,
            place <= buffers.byteCount - byteCount
        else { throw BlockImage.damaged("\(byteCount) bytes at \(place) of \(buffers.byteCount)") }
        return Buffer(base: buffers.base + place, byteCount: byteCount, owner: buffers.owner)
    }

    private func text(_ description: inout ImageReader, rows: Int) throws(StoaError) -> Column.Storage {
        let offsets = try buffer(&description, (rows + 1) * 4)
        let place = try description.int(in: 0...buffers.byteCount)
        let length = try description.int(in: 0...buffers.byteCount - place)
        let ends = offsets.pointer(as: Int32.self)
        // The two ends say how much is copied and compared; what is between them is read row by row.
        guard ends[0] == 0, Int(ends[rows]) == length else {
            throw BlockImage.damaged("offsets of text from \(ends[0]) to \(ends[rows]) over \(length) bytes")
        }
        if validation == .full {
            var isAscending = true
            for row in 0..<rows { isAscending = isAscending && ends[row] <= ends[row + 1] }
            guard isAscending else { throw BlockImage.damaged("a text ends before it starts") }
        }
        return .text(
            offsets: offsets, bytes: Buffer(base: buffers.base + place, byteCount: length, owner: buffers.owner))
    }

    // MARK: Values

    private func check(_ column: Column, _ field: Field) throws(StoaError) {
        if let validity = column.validity {
            let nulls = column.count - Bitmap.countOnes(validity.base, at: 0, count: column.count)
            guard nulls == column.nullCount else {
                throw BlockImage.damaged("'\(field.name)' has \(nulls) nulls, \(column.nullCount) are stated")
            }
        }
        if let (codes, dictionary) = column.dictionaryCodes {
            try check(codes, of: column, dictionary, field)
        }
        if let stated = column.bounds {
            let plain = Column(
                type: column.type, count: column.count, validity: column.validity, nullCount: column.nullCount,
                storage: column.storage)
            guard
                column.nullCount == column.count
                    || plain.withBounds().bounds.map({
                        stated.lowerBound <= $0.lowerBound && $0.upperBound <= stated.upperBound
                    }) == true
            else { throw BlockImage.damaged("values of '\(field.name)' are out of its bounds") }
        }
    }

    private func check(
        _ codes: UnsafePointer<Int32>, of column: Column, _ dictionary: StringDictionary, _ field: Field
    ) throws(StoaError) {
        var highest: UInt32 = 0
        for row in 0..<column.count { highest = max(highest, UInt32(bitPattern: codes[row])) }
        // Rows of nulls may have an empty dictionary.
        let limit = column.nullCount == column.count ? max(1, dictionary.count) : dictionary.count
        guard column.count == 0 || Int(highest) < limit else {
            throw BlockImage.damaged("code \(highest) of '\(field.name)' among \(dictionary.count)")
        }
        if column.nullCount > 0 {
            for row in 0..<column.count where codes[row] != 0 && column.isNull(at: row) {
                throw BlockImage.damaged("a null row of '\(field.name)' has code \(codes[row])")
            }
        }
    }
}
