import StoaColumns
import StoaLinearAlgebra
import StoaTestSupport

/// A random matrix of small whole numbers, so that every product and sum of the reference is exact in both precisions, held
/// with a gap after each column that no result may depend on.
struct RandomMatrix<Scalar: BlasScalar> {
    let rows: Int
    let columns: Int
    let values: [Scalar]
    let block: MatrixBlock<Scalar>

    init(_ rows: Int, _ columns: Int, gap: Int = 0, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        self.rows = rows
        self.columns = columns
        values = (0..<(rows * columns)).map { _ in Scalar(Int.random(in: -9...9, using: &generator)) }
        let stride = rows + gap
        let region = MemoryRegion(of: Scalar.self, count: stride * columns)
        let target = region.bound(to: Scalar.self)
        for index in 0..<(stride * columns) { target[index] = .nan }
        for column in 0..<columns {
            for row in 0..<rows { target[row + column * stride] = values[row + column * rows] }
        }
        block = MatrixBlock(rowCount: rows, columnCount: columns, columnStride: stride, buffer: region.buffer)
    }

    subscript(row: Int, column: Int) -> Scalar { values[row + column * rows] }
}
