/// States of leaves joined by a binary counter, so that leaf k meets its neighbours as in a balanced tree: the shape depends on
/// the number of leaves alone.
struct LeafTree<State: ReductionState> {
    /// States of complete subtrees: level l holds 2^l leaves where bit l of `leaves` is set.
    private var levels = [State](repeating: State(), count: 53)
    private var leaves = 0

    /// Joins the state of the next leaf.
    mutating func push(_ leaf: State) {
        var total = leaf
        var level = 0
        while leaves & (1 << level) != 0 {
            var left = levels[level]
            left.merge(total)
            total = left
            level += 1
        }
        levels[level] = total
        leaves += 1
    }

    /// The state with an unfinished leaf behind the complete ones; larger subtrees come from the left.
    func total(unfinished: State) -> State {
        var total = unfinished
        for level in levels.indices where leaves & (1 << level) != 0 {
            var left = levels[level]
            left.merge(total)
            total = left
        }
        return total
    }
}
