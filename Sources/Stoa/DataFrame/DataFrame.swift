import StoaColumns
import StoaPlan
import StoaTasks

/// A lazy description of rows in columns: where they come from and what is done to them.
///
/// Transformations (`filter`, `select`, `groupBy`, ...) cost nothing, never throw and give a new data frame. Actions
/// (`collect`, `count`, `show`, `write`, ...) are `async throws`: they check names and types, plan, and run on the
/// executors; they honour the cancellation of the surrounding Swift task. Row order is defined for every
/// transformation and the same in every run.
public struct DataFrame: Sendable {
    /// The session whose executors do the work.
    public let session: Session
    /// The rows' lineage; a mistake that a transformation could not throw waits in it for the action.
    let lineage: Result<LogicalPlan, StoaError>
    /// What must stay while this data frame exists: datasets on the executors, broadcast values.
    let handles: [any AnyObject & Sendable]

    init(session: Session, plan: LogicalPlan, handles: [any AnyObject & Sendable] = []) {
        self.init(session: session, lineage: .success(plan), handles: handles)
    }

    init(session: Session, lineage: Result<LogicalPlan, StoaError>, handles: [any AnyObject & Sendable]) {
        self.session = session
        self.lineage = lineage
        self.handles = handles
    }

    /// Names, types and nullability of the columns.
    ///
    /// Looks at the files' headers, footers or samples. Throws what an action would throw for unknown names, wrong types
    /// and unreadable files.
    public var schema: Schema {
        get throws(StoaError) { try session.planner.schema(of: plan()) }
    }

    func plan() throws(StoaError) -> LogicalPlan {
        let plan = try lineage.get()
        var released: Set<DatasetID> = []
        for case let handle as DatasetHandle in handles where handle.isReleased { released.insert(handle.id) }
        return released.isEmpty ? plan : plan.withoutPersisting(released)
    }

    /// The data frame of another plan over this one's.
    func transformed(_ change: (LogicalPlan) -> LogicalPlan) -> DataFrame {
        DataFrame(session: session, lineage: lineage.map(change), handles: handles)
    }

    /// The data frame of a plan over this one's and others' plans.
    func combined(with others: [DataFrame], _ change: ([LogicalPlan]) -> LogicalPlan) -> DataFrame {
        let all = [self] + others
        let lineage: Result<LogicalPlan, StoaError>
        do throws(StoaError) {
            for other in others where other.session !== session {
                throw StoaError(
                    .invalidArgument, "the data frames belong to two sessions",
                    advice: "make both from the same session")
            }
            var plans: [LogicalPlan] = []
            for frame in all { plans.append(try frame.plan()) }
            lineage = .success(change(plans))
        } catch {
            lineage = .failure(error)
        }
        return DataFrame(session: session, lineage: lineage, handles: all.flatMap(\.handles))
    }
}
