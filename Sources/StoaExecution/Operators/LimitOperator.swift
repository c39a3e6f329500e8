import StoaColumns

/// At most `count` rows after `skip` rows, in input order; stops pulling as soon as it has them. Rows cut out of a larger
/// batch are copied, so that a few rows that are kept do not hold on to many.
final class LimitOperator: BatchSource {
    let schema: Schema
    private let input: any BatchSource
    private var toSkip: Int
    private var toGive: Int

    init(skip: Int, count: Int, input: any BatchSource) {
        schema = input.schema
        self.input = input
        toSkip = max(0, skip)
        toGive = max(0, count)
    }

    func next() throws(StoaError) -> Batch? {
        while toGive > 0, let batch = try input.next() {
            let skipped = min(toSkip, batch.rowCount)
            toSkip -= skipped
            let given = min(toGive, batch.rowCount - skipped)
            if given == 0 { continue }
            toGive -= given
            return batch.slice(skipped..<(skipped + given)).compacted()
        }
        return nil
    }
}
