import StoaPlan

/// What names a column in `select`, `groupBy` and `sort`: a name, or an expression.
public protocol ColumnSelection: Sendable {
    /// The expression that gives the column.
    var selectedExpression: Expression { get }
}

extension String: ColumnSelection {
    /// The column of that name.
    public var selectedExpression: Expression { .column(self) }
}

extension Expression: ColumnSelection {
    /// The expression itself.
    public var selectedExpression: Expression { self }
}

/// What orders rows in `sort`: a name or an expression (ascending, nulls last), or a sort key.
public protocol SortOrder: Sendable {
    /// The key.
    var sortKey: SortKey { get }
}

extension String: SortOrder {
    /// Ascending by the column of that name.
    public var sortKey: SortKey { SortKey(.column(self)) }
}

extension Expression: SortOrder {
    /// Ascending by the expression.
    public var sortKey: SortKey { SortKey(self) }
}

extension SortKey: SortOrder {
    /// The key itself.
    public var sortKey: SortKey { self }
}
