extension [ReductionDescription] {
    /// An empty state of all rows for each; quantiles of one argument share its values.
    package func makeReductions() -> [any Reduction] {
        var leaders: [Int: QuantileReduction] = [:]
        return map { description in
            guard case .quantile = description.function else { return description.makeReduction() }
            if let leader = leaders[description.argumentNumber] { return leader.sharing(description) }
            let leader = QuantileReduction(description)
            leaders[description.argumentNumber] = leader
            return leader
        }
    }

    /// Empty states of groups for each; quantiles of one argument share its values.
    package func makeGroupedReductions() -> [any GroupedReduction] {
        var leaders: [Int: GroupedQuantile] = [:]
        return map { description in
            guard case .quantile = description.function else { return description.makeGroupedReduction() }
            if let leader = leaders[description.argumentNumber] { return leader.sharing(description) }
            let leader = GroupedQuantile(description)
            leaders[description.argumentNumber] = leader
            return leader
        }
    }
}
