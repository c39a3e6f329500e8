import StoaColumns

/// A function over whole batches that a user brings: `DataFrame.mapBatches`.
///
/// The value travels to executors, so it is Codable and holds its parameters; the type must exist in the executor's program.
/// It is called on executor threads, once a batch, in row order within a partition.
public protocol BatchFunction: Codable, Sendable {
    /// Names and types of the batches that `callAsFunction` gives for inputs of this schema. Called once, when the plan is made.
    func outputSchema(for input: Schema) throws -> Schema

    /// The result for one batch of at most a morsel's rows. It may have another number of rows.
    func callAsFunction(_ batch: Batch) throws -> Batch
}

/// A mergeable aggregate that a user brings: `DataFrame.treeAggregate`.
///
/// Each partition's batches are consumed in row order into one state; states are merged on executors by a tree whose shape
/// depends on the number of partitions alone, always a lower partition into which a higher one is merged. So the result has the
/// same bits for any number of executors and threads, whatever `merge` does.
public protocol BatchAggregate: Codable, Sendable {
    /// What is known about the rows seen so far; Codable, since it crosses process borders.
    associatedtype State: Codable & Sendable
    /// What the user gets.
    associatedtype Output: Sendable

    /// The state of no rows.
    func initialState() throws -> State
    /// Adds the rows of a batch to the state.
    func consume(_ batch: Batch, into state: inout State) throws
    /// Adds the rows that `other` has seen, all of which come after the state's own.
    func merge(_ other: State, into state: inout State) throws
    /// The answer of the state of all rows.
    func finish(_ state: State) throws -> Output
}
