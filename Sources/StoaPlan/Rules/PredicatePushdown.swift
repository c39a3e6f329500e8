import StoaColumns

/// Moves the conditions of filters towards the rows' origin, so that less flows, and tells scans about them, so that parts of
/// files are left out by their statistics.
///
///     filter name == "x" && delay > 9        becomes    inner join on carrier
///       inner join on carrier                             filter delay > 9
///         scan flights                                      scan flights where statistics allow delay > 9
///         scan airlines                                   filter name == "x"
///                                                           scan airlines where statistics allow name == "x"
///
/// A condition passes projections (unless it would repeat costly work), sorts, unions, groupings when it is about keys, and
/// joins to the side it is about; of a left join only to the left. A condition on a join key goes to both sides. One that
/// could fail never moves to where it would see other rows: below another filter or a join. One that can tell -0.0 from 0.0
/// never moves between rows that are equal as keys only. Limits, functions of the user and persisted datasets let nothing
/// pass.
package enum PredicatePushdown {
    /// Most cost of an expression that is computed twice so that a condition can pass its projection.
    static let maximumRepeatedCost = 2

    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan { pushed([], into: plan) }

    /// The plan under a filter by the conditions, which are over the plan's schema.
    private static func pushed(_ conditions: [BoundExpression], into plan: ResolvedPlan) -> ResolvedPlan {
        switch plan.node {
        case .filter(let condition, let input):
            let (staying, passing) = split(conditions) { !$0.canFail }
            return filtered(staying, pushed(condition.conjuncts + passing, into: input))
        case .project(let expressions, let input):
            let (staying, passing) = split(conditions) { condition in
                condition.columns.allSatisfy { expressions[$0].cost <= maximumRepeatedCost }
            }
            let moved = passing.map { $0.replacingColumns { index, _ in expressions[index] } }
            return filtered(staying, plan.over([pushed(moved, into: input)]))
        case .aggregate(let keys, _, let input):
            let (staying, passing) = split(conditions) { condition in
                let columns = condition.columns
                return !columns.isEmpty && columns.allSatisfy { $0 < keys.count } && condition.treatsZerosAlike
            }
            let moved = passing.map { $0.replacingColumns { index, _ in keys[index] } }
            return filtered(staying, plan.over([pushed(moved, into: input)]))
        case .topRows(let top, let input):
            let keys = Set(top.keys.compactMap(\.columnIndex))
            let (staying, passing) = split(conditions) { condition in
                let columns = condition.columns
                return !columns.isEmpty && columns.isSubset(of: keys) && condition.treatsZerosAlike
                    && !condition.canFail
            }
            return filtered(staying, plan.over([pushed(passing, into: input)]))
        case .join(let join, let left, let right): return pushed(conditions, into: plan, join, left, right)
        case .sort(_, nil, let input): return plan.over([pushed(conditions, into: input)])
        case .union(let inputs): return plan.over(inputs.map { pushed(conditions, into: $0) })
        case .scan(let scan, let fileSchema, let projection, _):
            let told = conditions.filter { !$0.canFail && !$0.columns.isEmpty }.map { condition in
                condition.movingColumns { projection[$0] }
            }
            let predicate = BoundExpression.conjunction(told)
            return filtered(
                conditions,
                ResolvedPlan(
                    .scan(scan, fileSchema: fileSchema, projection: projection, predicate: predicate),
                    schema: plan.schema))
        case .table, .limit, .map, .persist, .sort:
            return filtered(conditions, plan.over(plan.inputs.map { pushed([], into: $0) }))
        }
    }

    private static func pushed(
        _ conditions: [BoundExpression], into plan: ResolvedPlan, _ join: ResolvedJoin, _ left: ResolvedPlan,
        _ right: ResolvedPlan
    ) -> ResolvedPlan {
        var (staying, toLeft, toRight): ([BoundExpression], [BoundExpression], [BoundExpression]) = ([], [], [])
        for condition in conditions {
            let columns = condition.columns
            let sides = Set(columns.map { join.output[$0].side })
            let moved = condition.movingColumns { join.output[$0].index }
            if condition.canFail || sides.count != 1 {
                staying.append(condition)
            } else if sides == [.left] {
                toLeft.append(moved)
                // Rows of the other side whose key the condition rejects find no partner.
                if let mirrored = mirrored(moved, from: join.leftKeys, to: join.rightKeys) { toRight.append(mirrored) }
            } else if join.kind == .inner {
                toRight.append(moved)
                if let mirrored = mirrored(moved, from: join.rightKeys, to: join.leftKeys) { toLeft.append(mirrored) }
            } else {
                staying.append(condition)
            }
        }
        return filtered(staying, plan.over([pushed(toLeft, into: left), pushed(toRight, into: right)]))
    }

    /// A condition on keys of one side as a condition on the keys of the other; nil when it is about other columns too.
    /// Null keys do not matter: they have no partner.
    private static func mirrored(_ condition: BoundExpression, from: [BoundExpression], to: [BoundExpression])
        -> BoundExpression?
    {
        var partners: [Int: BoundExpression] = [:]
        for (key, partner) in zip(from, to) {
            if let index = key.columnIndex, partner.columnIndex != nil { partners[index] = partner }
        }
        guard condition.treatsZerosAlike, condition.columns.allSatisfy({ partners[$0] != nil }) else { return nil }
        return condition.replacingColumns { index, column in partners[index] ?? column }
    }

    private static func split(_ conditions: [BoundExpression], _ passes: (BoundExpression) -> Bool)
        -> (staying: [BoundExpression], passing: [BoundExpression])
    {
        (conditions.filter { !passes($0) }, conditions.filter(passes))
    }

    private static func filtered(_ conditions: [BoundExpression], _ plan: ResolvedPlan) -> ResolvedPlan {
        BoundExpression.conjunction(conditions).map { .filter($0, plan) } ?? plan
    }
}

extension BoundExpression {
    /// Whether float columns are read by comparisons and null tests alone, so that values which are equal as keys (-0.0 and
    /// 0.0, any two NaN) give the same answer.
    fileprivate var treatsZerosAlike: Bool {
        let comparesOnly =
            switch node {
            case .isIn, .unary(.isNull, _), .unary(.isNotNull, _), .unary(.isNaN, _): true
            case .binary(let binary, _, _):
                [
                    .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
                    .nullSafeEqual,
                ].contains(binary)
            default: false
            }
        return operands.allSatisfy { operand in
            operand.columnIndex == nil ? operand.treatsZerosAlike : comparesOnly || !operand.type.isFloat
        }
    }
}
