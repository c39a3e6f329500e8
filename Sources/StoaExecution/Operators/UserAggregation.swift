import StoaColumns
import StoaPlan
import StoaTasks

extension TaskContext {
    /// Runs a user's aggregate over an input: batches in row order in phase `partial`, blocks of states in order in phase
    /// `merge`. The other phases do not reach an executor, since the finished value is no column.
    func state(of function: UserFunction, _ phase: AggregatePhase, over plan: PhysicalPlan) throws(StoaError)
        -> any Codable & Sendable
    {
        let aggregate = try function.batchAggregate()
        switch phase {
        case .partial:
            return try consume(
                source(of: plan, at: PlanPlace().below), with: aggregate, named: function.printedTypeName)
        case .merge:
            guard case .input(let number, _) = plan else {
                throw StoaError(
                    .engineFailed, source: .engine, "the states of a user's aggregate are no input of the task")
            }
            return try merge(blocks(ofInput: number), with: aggregate, named: function.printedTypeName)
        case .finish, .complete:
            throw StoaError(
                .engineFailed, source: .engine, "a task was asked to finish the aggregate '\(function.printedTypeName)'"
            )
        }
    }

    private func consume(_ source: any BatchSource, with aggregate: some BatchAggregate, named name: String)
        throws(StoaError) -> any Codable & Sendable
    {
        var state = try userCall(name) { try aggregate.initialState() }
        while let batch = try source.next() {
            if batch.rowCount == 0 { continue }
            try userCall(name) { try aggregate.consume(batch, into: &state) }
        }
        return state
    }

    private func merge<Aggregate: BatchAggregate>(
        _ blocks: [Block], with aggregate: Aggregate, named name: String
    ) throws(StoaError) -> any Codable & Sendable {
        var merged: Aggregate.State?
        for block in blocks {
            try cancellation.check()
            guard let state = try block.state() as? Aggregate.State else {
                throw StoaError(.engineFailed, source: .engine, "a block holds a state that is none of '\(name)'")
            }
            // The first state is taken as it is: merging it into the initial one could change its bits.
            if merged == nil {
                merged = state
            } else {
                try userCall(name) { try aggregate.merge(state, into: &merged!) }
            }
        }
        if let merged { return merged }
        return try userCall(name) { try aggregate.initialState() }
    }
}
