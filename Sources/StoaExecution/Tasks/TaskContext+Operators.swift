import StoaColumns
import StoaPlan
import StoaTasks

extension TaskContext {
    /// The operators of a plan that gives rows.
    func source(of plan: PhysicalPlan) throws(StoaError) -> any BatchSource {
        switch plan {
        case .input(let number, let schema):
            return try InputSource(number, schema: schema, of: self)
        case .limit(let skip, let count, let input):
            return LimitOperator(skip: skip, count: count, input: try source(of: input))
        case .map(let function, let schema, let input):
            return try MapOperator(function, schema: schema, input: source(of: input))
        case .userAggregate(let function, _, _):
            throw StoaError(
                .engineFailed, source: .engine,
                "the state of '\(function.printedTypeName)' is read as rows within a task")
        default:
            throw StoaError(.unsupported, "no operator for this plan")
        }
    }
}
