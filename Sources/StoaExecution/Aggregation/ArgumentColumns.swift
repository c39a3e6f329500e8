import StoaColumns
import StoaKernels

/// What one aggregate reads of a batch.
enum ArgumentColumns {
    case none
    case one(Column)
    case pair(Column, Column)

    init(_ columns: [Column]) {
        switch columns.count {
        case 0: self = .none
        case 1: self = .one(columns[0])
        case 2: self = .pair(columns[0], columns[1])
        default: preconditionFailure("an aggregate of \(columns.count) arguments")
        }
    }

    /// The rows of these numbers.
    func taking(_ rows: [Int32]) -> ArgumentColumns {
        switch self {
        case .none: .none
        case .one(let column): .one(column.taking(rows))
        case .pair(let first, let second): .pair(first.taking(rows), second.taking(rows))
        }
    }

    /// The only argument; nil when there is none or a pair.
    var single: Column? { if case .one(let column) = self { column } else { nil } }
}

extension Reduction {
    /// Takes the next rows.
    func consume(_ arguments: ArgumentColumns, count: Int) {
        switch arguments {
        case .none: consume(nil, count: count)
        case .one(let column): consume(column, count: count)
        case .pair(let first, let second): consume(first, second, count: count)
        }
    }
}

extension GroupedReduction {
    /// Takes rows, each into the state of its group.
    func update(_ arguments: ArgumentColumns, ids: UnsafePointer<Int32>, count: Int) {
        switch arguments {
        case .none: update(nil, ids: ids, count: count)
        case .one(let column): update(column, ids: ids, count: count)
        case .pair(let first, let second): update(first, second, ids: ids, count: count)
        }
    }
}
