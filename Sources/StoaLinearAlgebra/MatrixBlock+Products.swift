import Glibc
import StoaColumns

/// A dense matrix that is written: column-major, without gaps between columns.
///
/// Guard: written by one thread at a time.
package final class Matrix<Scalar: BlasScalar> {
    /// Number of rows.
    package let rowCount: Int
    /// Number of columns.
    package let columnCount: Int
    private let region: MemoryRegion

    /// A matrix of zeros.
    package init(rowCount: Int, columnCount: Int) {
        precondition(rowCount >= 0 && columnCount >= 0, "a \(rowCount) x \(columnCount) matrix")
        self.rowCount = rowCount
        self.columnCount = columnCount
        region = MemoryRegion(of: Scalar.self, count: rowCount * columnCount, zeroed: true)
    }

    /// The values; element (r, c) is at `r + c * rowCount`.
    package var base: UnsafeMutablePointer<Scalar> { region.bound() }

    /// The element of a row and a column.
    package subscript(row: Int, column: Int) -> Scalar {
        get {
            check(row, column)
            return base[row + column * rowCount]
        }
        set {
            check(row, column)
            base[row + column * rowCount] = newValue
        }
    }

    private func check(_ row: Int, _ column: Int) {
        precondition(
            row >= 0 && row < rowCount && column >= 0 && column < columnCount,
            "element (\(row), \(column)) of a \(shape) matrix")
    }

    /// The matrix as a block of the same memory, to be read while nobody writes.
    package var block: MatrixBlock<Scalar> {
        MatrixBlock(rowCount: rowCount, columnCount: columnCount, columnStride: rowCount, buffer: region.buffer)
    }

    var shape: String { "\(rowCount) x \(columnCount)" }

    /// This matrix = `alpha` a b + `beta` this matrix, where `a` and `b` are transposed first when asked (gemm).
    ///
    /// With `beta` 0 the old values are not read, so a NaN among them does not stay. Traps unless the shapes fit.
    package func setToProduct(
        _ a: MatrixBlock<Scalar>, transposed transposedA: Bool = false, _ b: MatrixBlock<Scalar>,
        transposed transposedB: Bool = false, alpha: Scalar = 1, beta: Scalar = 0
    ) {
        let (rows, inner) = transposedA ? (a.columnCount, a.rowCount) : (a.rowCount, a.columnCount)
        let (other, columns) = transposedB ? (b.columnCount, b.rowCount) : (b.rowCount, b.columnCount)
        precondition(
            inner == other && rows == rowCount && columns == columnCount,
            "a product of \(a.shape)\(transposedA ? " transposed" : "") and \(b.shape)\(transposedB ? " transposed" : "") "
                + "for a matrix of \(shape)")
        scale(by: beta)
        if rows == 0 || columns == 0 || inner == 0 { return }
        _ = OpenBLAS.oneThread
        Scalar.gemm(
            transposedA: transposedA, transposedB: transposedB, rows: Int32(rows), columns: Int32(columns),
            inner: Int32(inner), alpha: alpha, a.base, strideA: Int32(a.columnStride), b.base,
            strideB: Int32(b.columnStride), beta: 1, base, strideC: Int32(rowCount))
    }

    /// This matrix = `alpha` a^T a + `beta` this matrix, which is symmetric (syrk). Traps unless it has as many rows and
    /// columns as `a` has columns.
    package func setToGram(of a: MatrixBlock<Scalar>, alpha: Scalar = 1, beta: Scalar = 0) {
        precondition(
            rowCount == a.columnCount && columnCount == a.columnCount,
            "the products of the columns of \(a.shape) for a matrix of \(shape)")
        scale(by: beta)
        if a.rowCount == 0 || a.columnCount == 0 { return }
        _ = OpenBLAS.oneThread
        Scalar.syrk(
            size: Int32(a.columnCount), inner: Int32(a.rowCount), alpha: alpha, a.base, strideA: Int32(a.columnStride),
            beta: 1, base, strideC: Int32(rowCount))
        for column in 0..<columnCount {
            for row in 0..<column { base[column + row * rowCount] = base[row + column * rowCount] }
        }
    }

    private func scale(by beta: Scalar) {
        base.rescale(count: rowCount * columnCount, by: beta)
    }
}

extension MatrixBlock {
    /// `y` = `alpha` A `x` + `beta` `y` for this block A (gemv). With `beta` 0 the old values of `y` are not read.
    ///
    /// Traps unless `x` has as many values as the block has columns and `y` as many as it has rows.
    package func multiply(
        _ x: UnsafeBufferPointer<Scalar>, into y: UnsafeMutableBufferPointer<Scalar>, alpha: Scalar = 1,
        beta: Scalar = 0
    ) {
        precondition(
            x.count == columnCount && y.count == rowCount,
            "a block of \(shape) times a vector of \(x.count) into a vector of \(y.count)")
        multiply(x, into: y, transposed: false, alpha: alpha, beta: beta)
    }

    /// `y` = `alpha` A^T `x` + `beta` `y` for this block A (gemv). With `beta` 0 the old values of `y` are not read.
    ///
    /// Traps unless `x` has as many values as the block has rows and `y` as many as it has columns.
    package func multiplyTransposed(
        _ x: UnsafeBufferPointer<Scalar>, into y: UnsafeMutableBufferPointer<Scalar>, alpha: Scalar = 1,
        beta: Scalar = 0
    ) {
        precondition(
            x.count == rowCount && y.count == columnCount,
            "a block of \(shape), transposed, times a vector of \(x.count) into a vector of \(y.count)")
        multiply(x, into: y, transposed: true, alpha: alpha, beta: beta)
    }

    private func multiply(
        _ x: UnsafeBufferPointer<Scalar>, into y: UnsafeMutableBufferPointer<Scalar>, transposed: Bool, alpha: Scalar,
        beta: Scalar
    ) {
        y.baseAddress?.rescale(count: y.count, by: beta)
        guard let source = x.baseAddress, let target = y.baseAddress, x.count > 0, y.count > 0 else { return }
        _ = OpenBLAS.oneThread
        Scalar.gemv(
            transposed: transposed, rows: Int32(rowCount), columns: Int32(columnCount), alpha: alpha, base,
            stride: Int32(columnStride), source, beta: 1, target)
    }
}

extension UnsafeMutablePointer where Pointee: BlasScalar {
    /// Multiplies values by BLAS's beta. What BLAS leaves open between versions: 0 times NaN is 0 here, as in its reference
    /// implementation, so that the old values need not be numbers.
    fileprivate func rescale(count: Int, by beta: Pointee) {
        if beta == 0 {
            memset(self, 0, count * MemoryLayout<Pointee>.stride)
        } else if beta != 1 {
            Pointee.multiply(self, count: count, by: beta)
        }
    }
}
