/// Operations on vectors of equal length; each traps when the lengths differ.
package enum Vectors {
    /// The sum of the products x y; 0 for empty vectors.
    package static func dot<Scalar: BlasScalar>(
        _ x: UnsafeBufferPointer<Scalar>, _ y: UnsafeBufferPointer<Scalar>
    ) -> Scalar {
        precondition(x.count == y.count, "the dot product of vectors of \(x.count) and \(y.count)")
        guard let left = x.baseAddress, let right = y.baseAddress, x.count > 0 else { return 0 }
        _ = OpenBLAS.oneThread
        return Scalar.dot(Int32(x.count), left, right)
    }

    /// `y` += `alpha` `x`.
    package static func add<Scalar: BlasScalar>(
        _ x: UnsafeBufferPointer<Scalar>, times alpha: Scalar, to y: UnsafeMutableBufferPointer<Scalar>
    ) {
        precondition(x.count == y.count, "a vector of \(x.count) added to one of \(y.count)")
        guard let source = x.baseAddress, let target = y.baseAddress, x.count > 0 else { return }
        _ = OpenBLAS.oneThread
        Scalar.axpy(Int32(x.count), alpha, source, target)
    }

    /// `x` *= `factor`, where 0 times NaN or infinity is NaN; versions of BLAS differ there, so 0 does not reach it.
    package static func scale<Scalar: BlasScalar>(_ x: UnsafeMutableBufferPointer<Scalar>, by factor: Scalar) {
        guard let target = x.baseAddress, x.count > 0 else { return }
        if factor == 0 {
            Scalar.multiply(target, count: x.count, by: factor)
            return
        }
        _ = OpenBLAS.oneThread
        Scalar.scal(Int32(x.count), factor, target)
    }
}
