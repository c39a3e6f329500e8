import StoaColumns

/// Number of rows, or of rows that are not null. Costs nothing per row: columns know their nulls.
final class CountReduction: BlockReduction {
    let description: ReductionDescription
    private var state = CountState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) { state.count &+= Int64(rows.count - rows.nullCount) }

    /// Text counts as well, whose values have no place in `ReductionRows`.
    func consume(_ argument: Column?, count: Int) {
        let nulls = description.function == .count ? description.checked(argument, count: count).nullCount : 0
        state.count &+= Int64(count - nulls)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { CountState.write($0, count: 1, description) }
    }
}
