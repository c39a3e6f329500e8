import StoaColumns

/// The states of one aggregate for groups numbered 0, 1, 2, ...
///
/// Rows of a group are taken one after the other in row order and states in the order they come, so the result depends on
/// that order only, never on how the rows were cut into batches.
package protocol GroupedReduction: GroupedResult {
    /// Sees to it that there are states for `groups` groups, empty ones where there were none.
    func grow(to groups: Int)

    /// Takes rows, each into the state of its group; the argument is nil for `countRows` only.
    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int)

    /// The same for functions of two arguments.
    func update(_ first: Column, _ second: Column, ids: UnsafePointer<Int32>, count: Int)

    /// Merges rows of state columns, each into the state of its group; the rows come after those seen so far.
    func merge(_ states: [Column], ids: UnsafePointer<Int32>, count: Int)
}

/// What became of the groups of one aggregate.
package protocol GroupedResult: AnyObject {
    /// The states of a range of groups as state columns.
    func states(_ range: Range<Int>) -> [Column]

    /// The values of a range of groups.
    ///
    /// - Empty: a group without a value gives null, counts and `sumOrZero` give 0 (N6).
    /// - Overflow: throws `overflow` when an exact result does not fit its type; the error names the aggregate.
    func finish(_ range: Range<Int>) throws(StoaError) -> Column
}

extension GroupedReduction {
    package func update(_ first: Column, _ second: Column, ids: UnsafePointer<Int32>, count: Int) {
        preconditionFailure("\(type(of: self)) takes one argument")
    }
}

/// The state of one aggregate and one group: a plain struct, so that states lie side by side and a row costs one update.
protocol ReductionState: BitwiseCopyable {
    /// The state of no rows.
    init()

    /// Adds what `other` has seen, which comes after this state's rows.
    mutating func merge(_ other: Self)

    /// Takes rows into the states of their groups.
    static func update(
        _ states: UnsafeMutablePointer<Self>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription)

    /// Sees to it that there are `count` states.
    static func grow(_ states: inout GrowingBuffer<Self>, to count: Int)

    /// Merges rows of state columns into the states of their groups.
    static func merge(
        _ states: UnsafeMutablePointer<Self>, _ columns: [Column], ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription)

    /// Reads state columns.
    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<Self>, _ description: ReductionDescription)

    /// Makes state columns.
    static func write(_ states: UnsafePointer<Self>, count: Int, _ description: ReductionDescription) -> [Column]

    /// Makes the values.
    static func finish(
        _ states: UnsafePointer<Self>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column
}

// Requirements with one body for all: each state type gets its own specialised copy, which the generic class below, not
// being specialised itself, reaches with one call a batch.
extension ReductionState {
    static func grow(_ states: inout GrowingBuffer<Self>, to count: Int) { states.grow(to: count, filling: Self()) }

    static func merge(
        _ states: UnsafeMutablePointer<Self>, _ columns: [Column], ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let other = MemoryRegion(of: Self.self, count: count)
        defer { withExtendedLifetime(other) {} }
        let source = other.bound(to: Self.self)
        read(columns, count: count, into: source, description)
        for row in 0..<count { states[Int(ids[row])].merge(source[row]) }
    }
}

/// States of fixed size, by group.
final class GroupedStates<State: ReductionState>: GroupedReduction {
    private let description: ReductionDescription
    private var groups = GrowingBuffer<State>()

    init(_ description: ReductionDescription) { self.description = description }

    func grow(to count: Int) { State.grow(&groups, to: count) }

    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int) {
        State.update(groups.pointer, argument, ids: ids, count: count, description)
    }

    func merge(_ columns: [Column], ids: UnsafePointer<Int32>, count: Int) {
        precondition(
            columns.map(\.type.storageType) == description.states.map(\.storageType),
            "states of \(description.text) came as \(columns.map(\.type))")
        State.merge(groups.pointer, columns, ids: ids, count: count, description)
    }

    func states(_ range: Range<Int>) -> [Column] {
        State.write(groups.pointer + range.lowerBound, count: range.count, description)
    }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column {
        try State.finish(groups.pointer + range.lowerBound, count: range.count, description)
    }
}
