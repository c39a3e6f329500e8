import StoaColumns
import StoaKernels
import StoaPlan

/// Expressions compiled for one task: a flat list of instructions over registers.
///
/// Equal subexpressions are computed once, constants are made once, and a column reference is the input's column itself.
/// Text and what text is made from goes through columns of a whole morsel; everything else, which is most of most
/// programs, runs in blocks of rows (`LaneProgram`), and reductions take its results from there.
///
/// Both sides of `&&` and `||` are evaluated for every row. Branches of a conditional and arguments of `coalesce` are
/// computed for every row too, and so is what stands behind a filter, but only rows that use a value can make it fail.
/// Text functions and comparisons of a dictionary-encoded column with constants are evaluated once per dictionary entry.
///
/// Guard: used by one thread at a time.
package final class ExpressionProgram {
    /// Number of instructions.
    package let instructionCount: Int
    private let outputs: [Int]
    private let types: [DataType]
    private let constants: [Operand?]
    /// The input's column that a register is.
    private let columns: [Int: Int]
    private let rowMask: Int?
    private let morsel: MorselProgram
    private let lanes: LaneProgram?
    /// The outputs that the blocks give, and the place of each among the outputs.
    private let laneOutputs: [Int]
    /// Whether a reduction takes the output block by block.
    private let isStreamed: [Bool]

    /// Of a program whose every output is a reduction of whole columns, what each takes; nil for other programs.
    private let wholeArguments: [WholeArgument]?

    /// Whether some columns have to be cut down to the rows that pass the filters.
    private let needsChosen: Bool

    /// Compiles expressions over batches of this schema.
    package convenience init(_ expressions: [BoundExpression], input: Schema) throws(StoaError) {
        try self.init(expressions, after: [], input: input) { _ in .column }
    }

    /// Compiles expressions over what the rows of batches of this schema are after some steps.
    ///
    /// - Parameter use: what becomes of an expression's values.
    init(
        _ expressions: [BoundExpression], after steps: [RowStep], input: Schema, use: (Int) -> OutputUse
    ) throws(StoaError) {
        var compiler = ExpressionCompiler(input: input)
        for step in steps { try compiler.add(step) }
        var outputs: [Int] = []
        for expression in expressions { outputs.append(try compiler.compile(expression)) }
        let types = compiler.types
        let columns = compiler.columns
        let rowMask = compiler.rowMask
        self.outputs = outputs
        self.types = types
        self.columns = columns
        self.rowMask = rowMask
        constants = compiler.constants
        instructionCount = compiler.instructions.count
        let streamed = expressions.indices.map { types[outputs[$0]] != .utf8 && use($0).isReduction }
        self.isStreamed = streamed

        let whole =
            rowMask == nil
            ? WholeArgument.all(
                of: outputs.indices.map { (register: outputs[$0], use: use($0)) }, compiler.instructions, types: types,
                columns: columns)
            : nil
        wholeArguments = whole
        let parts = ProgramParts(compiler.instructions, types: types)
        // Whole columns are reduced as they are, unless a filter drops rows of them.
        var laneOutputs: [Int] = []
        for (place, register) in outputs.enumerated() where types[register] != .utf8 {
            let isWhole = columns[register] != nil || parts.morselRegisters.contains(register)
            let isComputed = !isWhole && constants[register] == nil
            if isComputed || (streamed[place] && (rowMask != nil || !isWhole)) { laneOutputs.append(place) }
        }
        self.laneOutputs = laneOutputs
        needsChosen = rowMask != nil && !streamed.allSatisfy { $0 }
        let laneReads = Set(parts.lanes.flatMap(\.readRegisters) + laneOutputs.map { outputs[$0] })
        let laneMasks = Set(parts.lanes.flatMap(\.readMasks) + (rowMask.map { [$0] } ?? []))
        let constants = constants
        lanes =
            whole != nil || (parts.lanes.isEmpty && laneOutputs.isEmpty && rowMask == nil)
            ? nil
            : LaneProgram(
                parts.lanes, types: types, constants: constants, maskCount: compiler.maskCount,
                inputs: laneReads.filter {
                    constants[$0] == nil && (columns[$0] != nil || parts.morselRegisters.contains($0))
                }.sorted(),
                inputMasks: laneMasks.filter { parts.morselMasks.contains($0) }.sorted(),
                outputs: laneOutputs.map { outputs[$0] },
                columns: Set(laneOutputs.indices.filter { !streamed[laneOutputs[$0]] }),
                narrow: Set(laneOutputs.indices.filter { use(laneOutputs[$0]) == .narrowColumn }), rowMask: rowMask)
        morsel = MorselProgram(
            parts.morsel, constants: constants, columns: columns, maskCount: compiler.maskCount,
            keptRegisters: laneReads.union(outputs), keptMasks: laneMasks)
    }

    /// Whether all it does is hand columns as they are, and blocks, to reductions.
    var makesNoColumns: Bool {
        morsel.isEmpty && !needsChosen && laneOutputs.allSatisfy { isStreamed[$0] }
            && outputs.allSatisfy { types[$0] != .utf8 }
    }

    /// The value of every expression for the rows of a batch.
    ///
    /// - Parameter firstRow: the batch's first row in the partition, nil when it is not known; errors name the row by it.
    package func evaluate(_ batch: Batch, firstRow: Int? = 0) throws(StoaError) -> [Column] {
        precondition(rowMask == nil, "the rows of a filtered program are reduced, not evaluated")
        return try run(batch, firstRow, []).columns.compactMap { $0 }
    }

    /// The rows in which the only expression, a condition, is true.
    package func evaluateMask(_ batch: Batch, firstRow: Int? = 0) throws(StoaError) -> BitMask {
        precondition(outputs.count == 1, "a mask of \(outputs.count) expressions")
        return BitMask(trueRowsOf: try evaluate(batch, firstRow: firstRow)[0])
    }

    /// Hands the values of expressions to their reductions, those of the rows that pass the filters.
    ///
    /// A reduction of blocks gets all rows in their places, the dropped ones as nulls.
    /// - Parameter sinks: the reduction of each expression; nil for those that become columns.
    /// - Returns: of each expression without a reduction the column of the rows that pass, none at all when reductions
    ///   take whole columns; and the number of these rows.
    func reduce(
        _ batch: Batch, firstRow: Int?, into sinks: [(any BlockReduction)?]
    ) throws(StoaError) -> (columns: [Column?], count: Int) {
        precondition(sinks.count == outputs.count, "\(sinks.count) reductions of \(outputs.count) expressions")
        if let wholeArguments {
            for (sink, argument) in zip(sinks, wholeArguments) {
                if let sink { argument.give(batch, to: sink) }
            }
            return ([], batch.rowCount)
        }
        let (columns, chosen, passed) = try run(batch, firstRow, sinks)
        var kept: [Column?] = []
        for (place, column) in columns.enumerated() {
            if let sink = sinks[place] {
                // Of a whole column there was no need to make blocks.
                if let column { sink.consume(column, count: batch.rowCount) }
                kept.append(nil)
            } else {
                kept.append(chosen.map { column?.filtered(by: $0) } ?? column)
            }
        }
        return (kept, passed)
    }

    /// The columns of all expressions, nil for those whose blocks went to a reduction; the rows that passed the filters, when
    /// columns have to be cut down to them, and their number.
    private func run(
        _ batch: Batch, _ firstRow: Int?, _ sinks: [(any BlockReduction)?]
    ) throws(StoaError) -> (columns: [Column?], chosen: BitMask?, passed: Int) {
        let count = batch.rowCount
        defer { morsel.clear() }
        try morsel.run(batch, firstRow: firstRow)
        var columns: [Column?] = Array(repeating: nil, count: outputs.count)
        var chosen: BitMask?
        var passed = count
        if let lanes {
            let result = try lanes.run(
                rows: count, value: { morsel.value(of: $0).column(count: count) }, mask: { morsel.mask($0) },
                firstRow: firstRow, into: laneOutputs.map { isStreamed[$0] ? sinks[$0] : nil }, needsChosen: needsChosen
            )
            chosen = result.chosen
            passed = result.passed
            for (place, column) in zip(laneOutputs, result.columns) { columns[place] = column }
        }
        let given = Set(laneOutputs)
        for place in outputs.indices where !given.contains(place) {
            columns[place] = morsel.value(of: outputs[place]).column(count: count)
        }
        return (columns, chosen, passed)
    }
}

/// The instructions that run on whole morsels, which are those of text and what they need, and those that run in blocks.
private struct ProgramParts {
    private(set) var morsel: [Instruction] = []
    private(set) var lanes: [Instruction] = []
    /// What the instructions on morsels compute.
    private(set) var morselRegisters = Set<Int>()
    private(set) var morselMasks = Set<Int>()

    init(_ instructions: [Instruction], types: [DataType]) {
        var neededRegisters = Set<Int>()
        var neededMasks = Set<Int>()
        for instruction in instructions.reversed() {
            let isMorsel: Bool
            switch instruction {
            case .compute(_, let register): isMorsel = types[register] == .utf8 || neededRegisters.contains(register)
            case .mask(_, let mask): isMorsel = neededMasks.contains(mask)
            }
            if isMorsel || instruction.readRegisters.contains(where: { types[$0] == .utf8 }) {
                morsel.append(instruction)
                neededRegisters.formUnion(instruction.readRegisters)
                neededMasks.formUnion(instruction.readMasks)
                switch instruction {
                case .compute(_, let register): morselRegisters.insert(register)
                case .mask(_, let mask): morselMasks.insert(mask)
                }
            } else {
                lanes.append(instruction)
            }
        }
        morsel.reverse()
        lanes.reverse()
    }
}
