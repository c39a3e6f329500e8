import StoaColumns
import StoaPlan
import StoaTasks

extension TaskContext {
    /// Runs a user's aggregate over an input: batches in row order in phase `partial`, blocks of states in order in phase
    /// `merge`. The other phases do not reach an executor, since the finished value is no column. Of a state's memory its
    /// columns count against the memory limit, not the user's own arrays.
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
        var stateBytes = 0
        while let batch = try source.next() {
            if batch.rowCount == 0 { continue }
            let before = ThreadBytes.current
            try userCall(name) { try aggregate.consume(batch, into: &state) }
            // What the batch itself takes is not freed in between.
            withExtendedLifetime(batch) { stateBytes += ThreadBytes.current - before }
            try memory.check("the state of '\(name)'", held: stateBytes)
        }
        return state
    }

    private func merge<Aggregate: BatchAggregate>(
        _ blocks: [Block], with aggregate: Aggregate, named name: String
    ) throws(StoaError) -> any Codable & Sendable {
        var merged: Aggregate.State?
        let before = ThreadBytes.current
        for block in blocks {
            try cancellation.check()
            try memory.check("the state of '\(name)'", held: ThreadBytes.current - before)
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
