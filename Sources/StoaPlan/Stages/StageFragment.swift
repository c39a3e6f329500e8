import StoaColumns

/// Operators that have no stage yet: what runs over each partition, and which partitions there are. Operators are put on top
/// until an exchange closes the fragment into a stage.
struct StageFragment {
    /// What the tasks run; a union has one an input.
    var pipelines: [PhysicalPlan]
    /// One a partition, at least one.
    var tasks: [StageTask]
    /// What the operators are, in the order they run, for the label.
    var operators: [String]
    /// Bounds on what comes out.
    var size: SizeEstimate
    /// What was decided while planning, for explain.
    var notes: [String] = []

    /// Names and types of the rows.
    var schema: Schema { pipelines[0].schema }

    /// One pipeline over the inputs of its tasks.
    init(
        reading inputs: [StageInput], schema: Schema, operators: [String], size: SizeEstimate, notes: [String] = []
    ) {
        pipelines = [.input(0, schema)]
        tasks = inputs.map { StageTask(inputs: [$0]) }
        self.operators = operators
        self.size = size
        self.notes = notes
    }

    /// The fragments one after the other.
    init(joining fragments: [StageFragment]) {
        var pipelines: [PhysicalPlan] = []
        var tasks: [StageTask] = []
        for fragment in fragments {
            let first = pipelines.count
            tasks += fragment.tasks.map { StageTask(pipeline: first + $0.pipeline, inputs: $0.inputs) }
            pipelines += fragment.pipelines
        }
        self.pipelines = pipelines
        self.tasks = tasks
        operators = ["union of \(fragments.count)"]
        notes = fragments.flatMap(\.notes)
        size = fragments.reduce(SizeEstimate(rows: 0, bytes: 0)) { $0 + $1.size }
    }

    /// Puts an operator on every pipeline.
    mutating func append(_ name: String?, _ build: (PhysicalPlan) -> PhysicalPlan) {
        pipelines = pipelines.map(build)
        if let name, operators.last != name { operators.append(name) }
    }

    /// Puts an operator on every pipeline that also reads a new input, the same for all tasks.
    mutating func append(_ name: String, reading input: StageInput, _ build: (Int, PhysicalPlan) -> PhysicalPlan) {
        pipelines = pipelines.enumerated().map { index, pipeline in
            build(tasks.first { $0.pipeline == index }?.inputs.count ?? 0, pipeline)
        }
        tasks = tasks.map { StageTask(pipeline: $0.pipeline, inputs: $0.inputs + [input]) }
        operators.append(name)
    }
}

extension StageFragment {
    /// Leaves out the partitions behind the first that have enough rows, as far as the numbers of their rows are known and
    /// the operators keep every row.
    mutating func keepFirstTasks(rows needed: Int, _ catalog: any PlanCatalog) {
        var rows = 0
        for (position, task) in tasks.enumerated() {
            guard pipelines[task.pipeline].keepsRows, let known = task.inputs[0].rowCount(catalog) else { return }
            rows += known
            if rows >= needed {
                let left = tasks.count - position - 1
                if left > 0 { notes.append("\(left) partitions behind the limit left out") }
                tasks.removeLast(left)
                return
            }
        }
    }
}

extension PhysicalPlan {
    /// Whether there is one row out for every row in.
    fileprivate var keepsRows: Bool {
        switch self {
        case .input: true
        case .project(_, _, let input): input.keepsRows
        default: false
        }
    }
}

extension StageInput {
    /// Rows of the input when known before anything runs.
    fileprivate func rowCount(_ catalog: any PlanCatalog) -> Int? {
        switch self {
        case .file(let slice): slice.rowCount
        case .dataset(let id, let partition): catalog.heldDataset(id).map { $0.rowCounts[partition] }
        case .blocks, .materialized: nil
        }
    }
}

/// Upper bounds on rows and bytes, nil where nothing is known.
package struct SizeEstimate: Hashable, Codable, Sendable {
    package var rows: Int?
    package var bytes: Int?

    package static let unknown = SizeEstimate(rows: nil, bytes: nil)

    /// Of so many rows of a schema, text counted with 24 bytes a row.
    static func of(rows: Int, _ schema: Schema) -> SizeEstimate {
        SizeEstimate(rows: rows, bytes: clampedProduct(rows, rowWidth(schema)))
    }

    /// Bytes of a row in memory, about.
    static func rowWidth(_ schema: Schema) -> Int {
        schema.fields.reduce(0) { $0 + ($1.type == .utf8 ? 24 : $1.type.storageType.byteWidth ?? 1) }
    }

    /// The estimate for the same rows with other columns.
    func with(_ schema: Schema, insteadOf old: Schema) -> SizeEstimate {
        if let rows { return .of(rows: rows, schema) }
        let (oldWidth, width) = (Swift.max(1, Self.rowWidth(old)), Self.rowWidth(schema))
        return SizeEstimate(rows: nil, bytes: bytes.map { Self.clampedProduct($0 / oldWidth + 1, width) })
    }

    /// The estimate for at most that many of the rows.
    func limited(to count: Int, _ schema: Schema) -> SizeEstimate {
        let limit = SizeEstimate.of(rows: count, schema)
        return SizeEstimate(
            rows: Swift.min(rows ?? count, count), bytes: [bytes, limit.bytes].compactMap { $0 }.min())
    }

    static func + (left: SizeEstimate, right: SizeEstimate) -> SizeEstimate {
        func sum(_ a: Int?, _ b: Int?) -> Int? {
            guard let a, let b else { return nil }
            let (value, overflow) = a.addingReportingOverflow(b)
            return overflow ? Int.max : value
        }
        return SizeEstimate(rows: sum(left.rows, right.rows), bytes: sum(left.bytes, right.bytes))
    }

    private static func clampedProduct(_ a: Int, _ b: Int) -> Int {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? Int.max : value
    }
}
