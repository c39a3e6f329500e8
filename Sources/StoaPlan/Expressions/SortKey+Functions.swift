/// Smallest first; nulls last unless stated.
public func asc(_ expression: Expression, nullsFirst: Bool = false) -> SortKey {
    SortKey(expression, nullsFirst: nullsFirst)
}

/// The column, smallest first; nulls last unless stated.
public func asc(_ column: String, nullsFirst: Bool = false) -> SortKey { asc(col(column), nullsFirst: nullsFirst) }

/// Largest first; nulls last unless stated.
public func desc(_ expression: Expression, nullsFirst: Bool = false) -> SortKey {
    SortKey(expression, isDescending: true, nullsFirst: nullsFirst)
}

/// The column, largest first; nulls last unless stated.
public func desc(_ column: String, nullsFirst: Bool = false) -> SortKey { desc(col(column), nullsFirst: nullsFirst) }

extension SortKey: CustomStringConvertible {
    /// `desc(delay)`, with `nullsFirst: true` where that is asked for.
    public var description: String {
        "\(isDescending ? "desc" : "asc")(\(expression)\(nullsFirst ? ", nullsFirst: true" : ""))"
    }
}
