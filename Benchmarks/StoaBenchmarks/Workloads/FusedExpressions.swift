import Stoa

/// Expressions over float64 columns: each as a column, and each followed by its sum.
struct FusedExpressions: FrameWorkload {
    let frame: DataFrame

    func frame(of query: String) throws -> DataFrame? {
        let isSum = query.hasSuffix("_sum")
        guard let value = expression(String(isSum ? query.dropLast("_sum".count) : query[...])) else { return nil }
        return isSum ? frame.agg(sum(value)) : frame.select(value.as("value"))
    }

    private func expression(_ name: String) -> Expression? {
        let (a, b, c) = (col("a"), col("b"), col("c"))
        switch name {
        case "axpy": return a * b + c
        case "norm": return (a * a + b * b).sqrt()
        case "sinexp": return a.sin() * b.exp()
        case "polynomial":
            let cubic = ((0.5 * a + 1.5) * a - 0.25) * a + 3.0
            return (cubic * a - 2.0) * b + c
        default: return nil
        }
    }
}
