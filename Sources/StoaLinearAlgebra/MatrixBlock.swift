import StoaColumns

/// A dense matrix of rows of a batch: column-major, float64 or float32, immutable, sharing its memory with whoever made it.
///
/// Bits: OpenBLAS's results depend on the kernels that it chooses for the processor and on how many rows a call gets. So
/// whoever reduces over rows calls it on blocks of `MatrixBlock.rowBlock` rows, counted from the partition's first row, and
/// joins the blocks in a fixed order; then the same input gives the same bits on all machines of one kernel family
/// (`OpenBLAS.description`), for any number of threads and executors.
package struct MatrixBlock<Scalar: BlasScalar>: Sendable {
    /// Number of rows.
    package let rowCount: Int
    /// Number of columns.
    package let columnCount: Int
    /// Values from the start of one column to the start of the next, at least `rowCount`.
    package let columnStride: Int
    private let buffer: Buffer

    /// Rows of a fixed block in a reduction over rows.
    package static var rowBlock: Int { 1_024 }

    /// A view of column-major values in a buffer.
    package init(rowCount: Int, columnCount: Int, columnStride: Int, buffer: Buffer) {
        precondition(
            columnStride >= rowCount && rowCount >= 0 && columnCount >= 0,
            "a \(rowCount) x \(columnCount) block with \(columnStride) values from column to column")
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.columnStride = columnStride
        self.buffer = buffer
    }

    /// The values; element (r, c) is at `r + c * columnStride`.
    package var base: UnsafePointer<Scalar> { buffer.pointer() }

    /// The element of a row and a column.
    package subscript(row: Int, column: Int) -> Scalar {
        precondition(
            row >= 0 && row < rowCount && column >= 0 && column < columnCount,
            "element (\(row), \(column)) of a \(rowCount) x \(columnCount) block")
        return base[row + column * columnStride]
    }

    /// The block of some of the rows, sharing memory.
    package func rows(_ range: Range<Int>) -> MatrixBlock {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= rowCount,
            "rows \(range) of a \(rowCount) x \(columnCount) block")
        let bytes = range.lowerBound * MemoryLayout<Scalar>.stride
        return MatrixBlock(
            rowCount: range.count, columnCount: columnCount, columnStride: columnStride,
            buffer: Buffer(base: buffer.base + bytes, byteCount: max(0, buffer.byteCount - bytes), owner: buffer.owner))
    }

    /// The block of some of the columns, sharing memory.
    package func columns(_ range: Range<Int>) -> MatrixBlock {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columnCount,
            "columns \(range) of a \(rowCount) x \(columnCount) block")
        let bytes = range.lowerBound * columnStride * MemoryLayout<Scalar>.stride
        return MatrixBlock(
            rowCount: rowCount, columnCount: range.count, columnStride: columnStride,
            buffer: Buffer(base: buffer.base + bytes, byteCount: max(0, buffer.byteCount - bytes), owner: buffer.owner))
    }

    /// `rowCount x columnCount`, for errors.
    var shape: String { "\(rowCount) x \(columnCount)" }
}

extension MatrixBlock {
    /// A block of numeric and bool columns of a batch, in the order of `names`.
    ///
    /// A single column of `Scalar`'s own type is shared. All others are copied and converted: booleans to 0 and 1, decimals
    /// to the nearest value, integers too (a Double holds them exactly up to 2^53).
    ///
    /// Throws `unknownColumn`, `typeMismatch` for text and times, and `nullFound` with the first null's row.
    package init(_ batch: Batch, columns names: [String]) throws(StoaError) {
        self.init(try batch.numbers(names), rowCount: batch.rowCount)
    }

    /// Calls `body` with the rows of a batch in row order, `rowBlock` rows at a time, the last time with what is left, and
    /// with the first row's index. The batch's columns are as for `init(_:columns:)`; a block fits the L1 or L2 cache.
    package static func forEachRowBlock(
        of batch: Batch, columns names: [String], _ body: (MatrixBlock, Int) throws(StoaError) -> Void
    ) throws(StoaError) {
        let columns = try batch.numbers(names)
        for start in stride(from: 0, to: batch.rowCount, by: rowBlock) {
            let rows = start..<min(start + rowBlock, batch.rowCount)
            try body(MatrixBlock(columns.map { $0.slice(rows) }, rowCount: rows.count), start)
        }
    }

    /// A block of numeric and bool columns without nulls, each of `rowCount` rows.
    package init(_ columns: [Column], rowCount: Int) {
        for column in columns {
            precondition(
                column.count == rowCount && column.nullCount == 0,
                "a column of \(column.count) rows and \(column.nullCount) nulls in a block of \(rowCount) rows")
        }
        if columns.count == 1, columns[0].type == Scalar.columnType, case .fixed(let values) = columns[0].storage {
            let bytes = columns[0].offset * MemoryLayout<Scalar>.stride
            self.init(
                rowCount: rowCount, columnCount: 1, columnStride: rowCount,
                buffer: Buffer(base: values.base + bytes, byteCount: values.byteCount - bytes, owner: values.owner))
            return
        }
        // Columns begin on cache lines, so that the kernels' loads do not split.
        let lineCount = 64 / MemoryLayout<Scalar>.stride
        let stride = (rowCount + lineCount - 1) / lineCount * lineCount
        let region = MemoryRegion(of: Scalar.self, count: stride * columns.count)
        for (index, column) in columns.enumerated() {
            Scalar.copyNumbers(of: column, to: region.bound(to: Scalar.self) + index * stride)
        }
        self.init(rowCount: rowCount, columnCount: columns.count, columnStride: stride, buffer: region.buffer)
    }
}

extension Batch {
    /// The columns of these names, each numeric or bool and without nulls.
    fileprivate func numbers(_ names: [String]) throws(StoaError) -> [Column] {
        var columns: [Column] = []
        for name in names {
            let column = try column(name)
            guard column.type.isNumeric || column.type == .bool else {
                throw StoaError(
                    .typeMismatch, "the column holds \(column.type), not numbers",
                    advice: "cast it to a number or leave it out", at: .init(column: name))
            }
            if column.nullCount > 0 {
                let row = (0..<column.count).first(where: column.isNull(at:)) ?? 0
                throw StoaError(
                    .nullFound,
                    "\(column.nullCount) of \(column.count) rows are null, the first is row \(row) of its batch",
                    advice: "filter rows with nulls out or fill them before", at: .init(column: name))
            }
            columns.append(column)
        }
        return columns
    }
}

extension Column {
    /// Writes the values of a numeric or bool column, converted, one after the other. A null row's value is unspecified.
    /// Traps on other types.
    func copyNumbers<Scalar: BlasScalar>(to target: UnsafeMutablePointer<Scalar>) {
        switch type {
        case .bool:
            let (base, first) = bits
            for row in 0..<count { target[row] = Bitmap.bit(base, at: first + row) ? 1 : 0 }
        case .int8: convert(values(as: Int8.self), to: target)
        case .int16: convert(values(as: Int16.self), to: target)
        case .int32: convert(values(as: Int32.self), to: target)
        case .int64: convert(values(as: Int64.self), to: target)
        case .uint8: convert(values(as: UInt8.self), to: target)
        case .uint16: convert(values(as: UInt16.self), to: target)
        case .uint32: convert(values(as: UInt32.self), to: target)
        case .uint64: convert(values(as: UInt64.self), to: target)
        case .float32:
            let source: UnsafePointer<Float> = values()
            for row in 0..<count { target[row] = Scalar(source[row]) }
        case .float64:
            let source: UnsafePointer<Double> = values()
            for row in 0..<count { target[row] = Scalar(source[row]) }
        case .decimal(_, let scale):
            let divisor = Double(Decimals.powerOfTen(scale))
            for row in 0..<count { target[row] = Scalar(Double(unscaledDecimal(at: row)) / divisor) }
        case .utf8, .date32, .timestamp: preconditionFailure("a \(type) column in a matrix")
        }
    }

    private func convert<Value: FixedWidthInteger & BitwiseCopyable, Scalar: BlasScalar>(
        _ source: UnsafePointer<Value>, to target: UnsafeMutablePointer<Scalar>
    ) {
        for row in 0..<count { target[row] = Scalar(source[row]) }
    }
}
