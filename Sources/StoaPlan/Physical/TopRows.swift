import StoaColumns

/// The first rows of each group in an order. Groups come in the order of their first row; the rows of a group in the order
/// of the keys, rows that tie in the order of the input.
public struct TopRows: Hashable, Codable, Sendable {
    /// What makes a group, over the input; null is a key like others.
    public let keys: [BoundExpression]
    /// The order within a group.
    public let order: [BoundSortKey]
    /// Most rows of a group.
    public let count: Int
    /// Set where rows that cannot be among the first may stay, because the same operator follows behind an exchange.
    public let isPartial: Bool

    /// The first rows of each group.
    public init(keys: [BoundExpression], order: [BoundSortKey], count: Int, isPartial: Bool = false) {
        self.keys = keys
        self.order = order
        self.count = count
        self.isPartial = isPartial
    }
}

extension TopRows {
    /// All that is computed from a row.
    var expressions: [BoundExpression] { keys + order.map(\.expression) }

    func rewritingExpressions(_ rewrite: (BoundExpression) -> BoundExpression) -> TopRows {
        TopRows(
            keys: keys.map(rewrite), order: order.map { $0.over(rewrite($0.expression)) }, count: count,
            isPartial: isPartial)
    }

    /// The same, where it need not be exact.
    var partial: TopRows { TopRows(keys: keys, order: order, count: count, isPartial: true) }

    /// The operator by the names of a schema.
    func line(over input: Schema) -> String {
        let by = keys.map { $0.named(by: input).description }.joined(separator: ", ")
        let order = order.map { $0.named(by: input) }.joined(separator: ", ")
        return "top \(count) of each \(by): \(order)"
    }
}
