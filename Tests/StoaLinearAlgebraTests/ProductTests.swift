import StoaColumns
import StoaLinearAlgebra
import Testing

/// Products against sums written out, in shapes with 0, 1, odd numbers and more than a row block.
@Suite struct ProductTests {
    static let sizes = [0, 1, 2, 3, 7, 16, 33]

    private func vector<Scalar: BlasScalar>(_ count: Int, seed: UInt64) -> [Scalar] {
        RandomMatrix<Scalar>(count, 1, seed: seed).values
    }

    private func checkVectorProducts<Scalar: BlasScalar>(_ type: Scalar.Type, _ rows: Int, _ columns: Int, gap: Int) {
        let matrix = RandomMatrix<Scalar>(rows, columns, gap: gap, seed: UInt64(rows * 64 + columns))
        let x: [Scalar] = vector(columns, seed: 1)
        let z: [Scalar] = vector(rows, seed: 2)
        for (alpha, beta) in [(1, 0), (2, 1), (-1, 3), (0, 0), (0, 2)] as [(Scalar, Scalar)] {
            // With beta 0 what was there before must not be read.
            var y = beta == 0 ? [Scalar](repeating: .nan, count: rows) : vector(rows, seed: 3)
            let before = y
            y.withUnsafeMutableBufferPointer { y in
                x.withUnsafeBufferPointer { matrix.block.multiply($0, into: y, alpha: alpha, beta: beta) }
            }
            for row in 0..<rows {
                let sum = (0..<columns).reduce(Scalar(0)) { $0 + matrix[row, $1] * x[$1] }
                #expect(y[row] == alpha * sum + (beta == 0 ? 0 : beta * before[row]))
            }
            var w = beta == 0 ? [Scalar](repeating: .nan, count: columns) : vector(columns, seed: 4)
            let old = w
            w.withUnsafeMutableBufferPointer { w in
                z.withUnsafeBufferPointer { matrix.block.multiplyTransposed($0, into: w, alpha: alpha, beta: beta) }
            }
            for column in 0..<columns {
                let sum = (0..<rows).reduce(Scalar(0)) { $0 + matrix[$1, column] * z[$1] }
                #expect(w[column] == alpha * sum + (beta == 0 ? 0 : beta * old[column]))
            }
        }
    }

    @Test(arguments: Self.sizes + [1_025], Self.sizes)
    func vectorsTimesMatrices(rows: Int, columns: Int) {
        for gap in [0, 3] {
            checkVectorProducts(Double.self, rows, columns, gap: gap)
            checkVectorProducts(Float.self, rows, columns, gap: gap)
        }
    }

    private func checkMatrixProducts<Scalar: BlasScalar>(_ type: Scalar.Type, _ rows: Int, _ inner: Int, _ columns: Int)
    {
        for (transposedA, transposedB) in [(false, false), (true, false), (false, true), (true, true)] {
            let a = RandomMatrix<Scalar>(transposedA ? inner : rows, transposedA ? rows : inner, gap: 2, seed: 5)
            let b = RandomMatrix<Scalar>(transposedB ? columns : inner, transposedB ? inner : columns, gap: 1, seed: 6)
            for (alpha, beta) in [(1, 0), (2, 1), (-1, 3)] as [(Scalar, Scalar)] {
                let result = Matrix<Scalar>(rowCount: rows, columnCount: columns)
                for row in 0..<rows {
                    for column in 0..<columns { result[row, column] = beta == 0 ? .nan : Scalar(row) }
                }
                result.setToProduct(
                    a.block, transposed: transposedA, b.block, transposed: transposedB, alpha: alpha, beta: beta)
                for row in 0..<rows {
                    for column in 0..<columns {
                        let sum = (0..<inner).reduce(Scalar(0)) {
                            $0 + (transposedA ? a[$1, row] : a[row, $1]) * (transposedB ? b[column, $1] : b[$1, column])
                        }
                        #expect(result[row, column] == alpha * sum + (beta == 0 ? 0 : beta * Scalar(row)))
                    }
                }
            }
        }
    }

    @Test(arguments: [0, 1, 3, 16], [0, 1, 5, 33])
    func matricesTimesMatrices(rows: Int, inner: Int) {
        for columns in [0, 1, 7] {
            checkMatrixProducts(Double.self, rows, inner, columns)
            checkMatrixProducts(Float.self, rows, inner, columns)
        }
    }

    private func checkGram<Scalar: BlasScalar>(_ type: Scalar.Type, _ rows: Int, _ columns: Int) {
        let a = RandomMatrix<Scalar>(rows, columns, gap: 2, seed: 9)
        for (alpha, beta) in [(1, 0), (2, 3)] as [(Scalar, Scalar)] {
            let result = Matrix<Scalar>(rowCount: columns, columnCount: columns)
            for row in 0..<columns { for column in 0..<columns { result[row, column] = beta == 0 ? .nan : 2 } }
            result.setToGram(of: a.block, alpha: alpha, beta: beta)
            for row in 0..<columns {
                for column in 0..<columns {
                    let sum = (0..<rows).reduce(Scalar(0)) { $0 + a[$1, row] * a[$1, column] }
                    #expect(result[row, column] == alpha * sum + beta * 2)
                }
            }
        }
    }

    @Test(arguments: Self.sizes, Self.sizes)
    func productsOfAllColumns(rows: Int, columns: Int) {
        checkGram(Double.self, rows, columns)
        checkGram(Float.self, rows, columns)
    }

    private func checkVectors<Scalar: BlasScalar>(_ type: Scalar.Type, _ count: Int) {
        let x: [Scalar] = vector(count, seed: 1)
        var y: [Scalar] = vector(count, seed: 2)
        let dot = x.withUnsafeBufferPointer { x in y.withUnsafeBufferPointer { Vectors.dot(x, $0) } }
        #expect(dot == zip(x, y).reduce(Scalar(0)) { $0 + $1.0 * $1.1 })
        let sums = zip(x, y).map { $0 * 3 + $1 }
        y.withUnsafeMutableBufferPointer { y in x.withUnsafeBufferPointer { Vectors.add($0, times: 3, to: y) } }
        #expect(y == sums)
        y.withUnsafeMutableBufferPointer { Vectors.scale($0, by: -2) }
        #expect(y == sums.map { $0 * -2 })
    }

    @Test(arguments: Self.sizes + [1_023, 1_025])
    func vectorsWithVectors(count: Int) {
        checkVectors(Double.self, count)
        checkVectors(Float.self, count)
    }

    @Test func zeroTimesNaNIsNaN() {
        var values: [Double] = [.nan, .infinity, 2]
        values.withUnsafeMutableBufferPointer { Vectors.scale($0, by: 0) }
        #expect(values[0].isNaN && values[1].isNaN && values[2] == 0)
    }

    @Test func wrongShapesStopTheProgram() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let block = RandomMatrix<Double>(3, 2, seed: 0).block
            var y = [Double](repeating: 0, count: 4)
            y.withUnsafeMutableBufferPointer { y in
                [1.0, 2.0].withUnsafeBufferPointer { block.multiply($0, into: y) }
            }
        }
        // Optimised code stops without a word.
        #if DEBUG
            let message = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
            #expect(message.contains("a block of 3 x 2 times a vector of 2 into a vector of 4"))
        #else
            #expect(result != nil)
        #endif
    }

    @Test func openBlasHasOneThread() {
        let build = OpenBLAS.build
        #expect(build.threadCount == 1)
        #expect(build.configuration.hasPrefix("OpenBLAS"))
        #expect(!build.kernelFamily.isEmpty)
        #expect(build.version.first?.isNumber == true)
        #expect(OpenBLAS.description.hasSuffix(" kernels, 1 thread"))
    }
}
