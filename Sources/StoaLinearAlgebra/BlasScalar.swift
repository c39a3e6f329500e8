internal import COpenBLAS
import StoaColumns

/// Float and Double: the numbers that OpenBLAS computes with. The protocol is closed.
///
/// The requirements are CBLAS's routines on column-major memory, and the loops over values: each type implements them, so that
/// generic code of other modules, which is not compiled for one type, comes here once a block and not once a value. Callers
/// have checked shapes, and none of BLAS's sizes is 0.
package protocol BlasScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    /// The column type whose memory is an array of these.
    static var columnType: DataType { get }
    /// Writes the values of a numeric or bool column, converted, one after the other; traps on other types.
    static func copyNumbers(of column: Column, to target: UnsafeMutablePointer<Self>)
    /// Multiplies values by a factor in IEEE arithmetic.
    static func multiply(_ values: UnsafeMutablePointer<Self>, count: Int, by factor: Self)
    /// y = alpha op(A) x + beta y, A being rows x columns.
    static func gemv(
        transposed: Bool, rows: Int32, columns: Int32, alpha: Self, _ a: UnsafePointer<Self>, stride: Int32,
        _ x: UnsafePointer<Self>, beta: Self, _ y: UnsafeMutablePointer<Self>)
    /// C = alpha op(A) op(B) + beta C, C being rows x columns and `inner` the length of the sums.
    static func gemm(
        transposedA: Bool, transposedB: Bool, rows: Int32, columns: Int32, inner: Int32, alpha: Self,
        _ a: UnsafePointer<Self>, strideA: Int32, _ b: UnsafePointer<Self>, strideB: Int32, beta: Self,
        _ c: UnsafeMutablePointer<Self>, strideC: Int32)
    /// Upper triangle of C = alpha A^T A + beta C, A being inner x size.
    static func syrk(
        size: Int32, inner: Int32, alpha: Self, _ a: UnsafePointer<Self>, strideA: Int32, beta: Self,
        _ c: UnsafeMutablePointer<Self>, strideC: Int32)
    static func dot(_ count: Int32, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self
    /// y += alpha x.
    static func axpy(_ count: Int32, _ alpha: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
    /// x *= alpha.
    static func scal(_ count: Int32, _ alpha: Self, _ x: UnsafeMutablePointer<Self>)
}

extension Double: BlasScalar {
    package static var columnType: DataType { .float64 }

    package static func copyNumbers(of column: Column, to target: UnsafeMutablePointer<Double>) {
        column.copyNumbers(to: target)
    }

    package static func multiply(_ values: UnsafeMutablePointer<Double>, count: Int, by factor: Double) {
        for index in 0..<count { values[index] *= factor }
    }

    package static func gemv(
        transposed: Bool, rows: Int32, columns: Int32, alpha: Double, _ a: UnsafePointer<Double>, stride: Int32,
        _ x: UnsafePointer<Double>, beta: Double, _ y: UnsafeMutablePointer<Double>
    ) {
        cblas_dgemv(
            CblasColMajor, transposed ? CblasTrans : CblasNoTrans, rows, columns, alpha, a, stride, x, 1, beta, y, 1)
    }

    package static func gemm(
        transposedA: Bool, transposedB: Bool, rows: Int32, columns: Int32, inner: Int32, alpha: Double,
        _ a: UnsafePointer<Double>, strideA: Int32, _ b: UnsafePointer<Double>, strideB: Int32, beta: Double,
        _ c: UnsafeMutablePointer<Double>, strideC: Int32
    ) {
        cblas_dgemm(
            CblasColMajor, transposedA ? CblasTrans : CblasNoTrans, transposedB ? CblasTrans : CblasNoTrans, rows,
            columns, inner, alpha, a, strideA, b, strideB, beta, c, strideC)
    }

    package static func syrk(
        size: Int32, inner: Int32, alpha: Double, _ a: UnsafePointer<Double>, strideA: Int32, beta: Double,
        _ c: UnsafeMutablePointer<Double>, strideC: Int32
    ) {
        cblas_dsyrk(CblasColMajor, CblasUpper, CblasTrans, size, inner, alpha, a, strideA, beta, c, strideC)
    }

    package static func dot(_ count: Int32, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double {
        cblas_ddot(count, x, 1, y, 1)
    }

    package static func axpy(
        _ count: Int32, _ alpha: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>
    ) {
        cblas_daxpy(count, alpha, x, 1, y, 1)
    }

    package static func scal(_ count: Int32, _ alpha: Double, _ x: UnsafeMutablePointer<Double>) {
        cblas_dscal(count, alpha, x, 1)
    }
}

extension Float: BlasScalar {
    package static var columnType: DataType { .float32 }

    package static func copyNumbers(of column: Column, to target: UnsafeMutablePointer<Float>) {
        column.copyNumbers(to: target)
    }

    package static func multiply(_ values: UnsafeMutablePointer<Float>, count: Int, by factor: Float) {
        for index in 0..<count { values[index] *= factor }
    }

    package static func gemv(
        transposed: Bool, rows: Int32, columns: Int32, alpha: Float, _ a: UnsafePointer<Float>, stride: Int32,
        _ x: UnsafePointer<Float>, beta: Float, _ y: UnsafeMutablePointer<Float>
    ) {
        cblas_sgemv(
            CblasColMajor, transposed ? CblasTrans : CblasNoTrans, rows, columns, alpha, a, stride, x, 1, beta, y, 1)
    }

    package static func gemm(
        transposedA: Bool, transposedB: Bool, rows: Int32, columns: Int32, inner: Int32, alpha: Float,
        _ a: UnsafePointer<Float>, strideA: Int32, _ b: UnsafePointer<Float>, strideB: Int32, beta: Float,
        _ c: UnsafeMutablePointer<Float>, strideC: Int32
    ) {
        cblas_sgemm(
            CblasColMajor, transposedA ? CblasTrans : CblasNoTrans, transposedB ? CblasTrans : CblasNoTrans, rows,
            columns, inner, alpha, a, strideA, b, strideB, beta, c, strideC)
    }

    package static func syrk(
        size: Int32, inner: Int32, alpha: Float, _ a: UnsafePointer<Float>, strideA: Int32, beta: Float,
        _ c: UnsafeMutablePointer<Float>, strideC: Int32
    ) {
        cblas_ssyrk(CblasColMajor, CblasUpper, CblasTrans, size, inner, alpha, a, strideA, beta, c, strideC)
    }

    package static func dot(_ count: Int32, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Float {
        cblas_sdot(count, x, 1, y, 1)
    }

    package static func axpy(
        _ count: Int32, _ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
    ) {
        cblas_saxpy(count, alpha, x, 1, y, 1)
    }

    package static func scal(_ count: Int32, _ alpha: Float, _ x: UnsafeMutablePointer<Float>) {
        cblas_sscal(count, alpha, x, 1)
    }
}
