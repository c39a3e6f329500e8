/// A choice that is still being written: `when(a > 0, then: 1).when(a < 0, then: -1).otherwise(0)`.
public struct Conditional: Hashable, Codable, Sendable {
    let branches: [ConditionalBranch]

    /// A further branch, asked when no condition before it was true.
    public func when(_ condition: Expression, then value: Expression) -> Conditional {
        Conditional(branches: branches + [ConditionalBranch(condition: condition, value: value)])
    }

    /// A further branch with a text.
    public func when(_ condition: Expression, then value: String) -> Conditional { when(condition, then: lit(value)) }

    /// The finished choice, with the value where no condition is true.
    public func otherwise(_ value: Expression) -> Expression { .conditional(branches, otherwise: value) }

    /// The finished choice, with the text where no condition is true.
    public func otherwise(_ value: String) -> Expression { otherwise(lit(value)) }

    /// The finished choice, null where no condition is true.
    public var otherwiseNull: Expression { .conditional(branches, otherwise: nil) }
}

/// Begins a choice: the value of the first branch whose condition is true; null counts as false.
public func when(_ condition: Expression, then value: Expression) -> Conditional {
    Conditional(branches: [ConditionalBranch(condition: condition, value: value)])
}

/// Begins a choice between texts.
public func when(_ condition: Expression, then value: String) -> Conditional { when(condition, then: lit(value)) }
