import StoaColumns
import StoaKernels
import StoaPlan

/// Expressions compiled for one task: a flat list of instructions over registers that hold the columns of one morsel.
///
/// Equal subexpressions are computed once, constants are made once, and a column reference is the input's column itself.
/// A register is freed after its last use, so that few columns are live at once and their memory stays in the cache.
///
/// Both sides of `&&` and `||` are evaluated for every row. Branches of a conditional and arguments of `coalesce` are
/// computed for every row too, but only rows that use a value can make it fail.
/// Text functions and comparisons of a dictionary-encoded column with constants are evaluated once per dictionary entry.
///
/// Guard: used by one thread at a time.
package final class ExpressionProgram {
    private let instructions: [Instruction]
    private let outputs: [Int]
    private let columns: [(register: Int, index: Int)]
    /// Registers and masks that nothing needs after an instruction.
    private let freedRegisters: [[Int]]
    private let freedMasks: [[Int]]
    private let initialRegisters: [Operand?]
    private var registers: [Operand?]
    private var masks: [BitMask?]

    /// Compiles expressions over batches of this schema.
    package init(_ expressions: [BoundExpression], input: Schema) throws(StoaError) {
        var compiler = ExpressionCompiler(input: input)
        var outputs: [Int] = []
        for expression in expressions { outputs.append(try compiler.compile(expression)) }
        self.outputs = outputs
        instructions = compiler.instructions
        columns = compiler.columns.map { ($0.key, $0.value) }
        initialRegisters = compiler.constants
        registers = compiler.constants
        masks = Array(repeating: nil, count: compiler.maskCount)
        (freedRegisters, freedMasks) = Self.lastUses(
            compiler.instructions, outputs: outputs, constants: compiler.constants)
    }

    /// Number of instructions.
    package var instructionCount: Int { instructions.count }

    /// The value of every expression for the rows of a batch.
    ///
    /// - Parameter firstRow: the batch's first row in the partition, nil when it is not known; errors name the row by it.
    package func evaluate(_ batch: Batch, firstRow: Int? = 0) throws(StoaError) -> [Column] {
        defer { clear() }
        try run(batch, firstRow: firstRow)
        return outputs.map { value(of: $0).column(count: batch.rowCount) }
    }

    /// The rows in which the only expression, a condition, is true.
    package func evaluateMask(_ batch: Batch, firstRow: Int? = 0) throws(StoaError) -> BitMask {
        precondition(outputs.count == 1, "a mask of \(outputs.count) expressions")
        defer { clear() }
        try run(batch, firstRow: firstRow)
        return BitMask(trueRowsOf: value(of: outputs[0]).column(count: batch.rowCount))
    }

    private func run(_ batch: Batch, firstRow: Int?) throws(StoaError) {
        for (register, index) in columns { registers[register] = Operand(batch.columns[index]) }
        for (position, instruction) in instructions.enumerated() {
            switch instruction {
            case .compute(let computation, let register):
                do {
                    registers[register] = try evaluate(computation, count: batch.rowCount)
                } catch {
                    throw Self.located(error, in: computation, firstRow: firstRow)
                }
            case .mask(let computation, let mask):
                masks[mask] = evaluate(computation, count: batch.rowCount)
            }
            for register in freedRegisters[position] { registers[register] = nil }
            for mask in freedMasks[position] { masks[mask] = nil }
        }
    }

    private func clear() {
        registers = initialRegisters
        for index in masks.indices { masks[index] = nil }
    }

    private func value(of register: Int) -> Operand {
        guard let operand = registers[register] else { preconditionFailure("register \(register) was freed too early") }
        return operand
    }

    private func mask(_ mask: Int) -> BitMask {
        guard let mask = masks[mask] else { preconditionFailure("mask \(mask) was freed too early") }
        return mask
    }

    private func evaluate(_ computation: Computation, count: Int) throws(StoaError) -> Operand {
        let arguments = computation.arguments.map { value(of: $0) }
        let rows = RowScope(count: count, chosen: computation.scope.map { mask($0) })
        if let memo = computation.memo, let column = try computation.perEntry(arguments, memo, in: rows) {
            return Operand(column)
        }
        return Operand(
            try computation.evaluate(arguments, in: rows) { mask($0) })
    }

    private func evaluate(_ computation: MaskComputation, count: Int) -> BitMask {
        func limited(_ rows: BitMask, _ limit: Int?) -> BitMask {
            guard let limit else { return rows }
            return rows.intersection(mask(limit))
        }
        switch computation {
        case .whereTrue(let register, let limit):
            return limited(BitMask(trueRowsOf: value(of: register).column(count: count)), limit)
        case .whereNull(let register, let limit):
            return limited(BitMask(trueRowsOf: NullTests.isNull(value(of: register), count: count)), limit)
        case .remaining(let limit, let taken):
            let all = limit.map { mask($0) } ?? BitMask(all: true, count: count)
            return all.intersection(mask(taken), inverted: true)
        case .both(let left, let right):
            return mask(left).intersection(mask(right))
        }
    }

    /// The kernel's error with the row of the partition and the expression.
    private static func located(_ error: StoaError, in computation: Computation, firstRow: Int?) -> StoaError {
        var located = error
        located.location.row = error.location.row.flatMap { row in firstRow.map { $0 + row } }
        located.location.column = error.location.column ?? computation.text
        return located
    }

    /// For every instruction the registers and masks that it is the last one to read, or that nothing reads.
    private static func lastUses(
        _ instructions: [Instruction], outputs: [Int], constants: [Operand?]
    ) -> (registers: [[Int]], masks: [[Int]]) {
        var registerUse: [Int: Int] = [:]
        var maskUse: [Int: Int] = [:]
        for (position, instruction) in instructions.enumerated() {
            switch instruction {
            case .compute(let computation, let register):
                for argument in computation.arguments { registerUse[argument] = position }
                if let scope = computation.scope { maskUse[scope] = position }
                if case .select(let masks, _) = computation.operation { for mask in masks { maskUse[mask] = position } }
                registerUse[register] = position
            case .mask(let computation, let mask):
                switch computation {
                case .whereTrue(let register, let limit), .whereNull(let register, let limit):
                    registerUse[register] = position
                    if let limit { maskUse[limit] = position }
                case .remaining(let limit, let taken):
                    if let limit { maskUse[limit] = position }
                    maskUse[taken] = position
                case .both(let left, let right):
                    maskUse[left] = position
                    maskUse[right] = position
                }
                maskUse[mask] = position
            }
        }
        var freedRegisters = [[Int]](repeating: [], count: instructions.count)
        var freedMasks = freedRegisters
        let kept = Set(outputs)
        for (register, position) in registerUse where !kept.contains(register) && constants[register] == nil {
            freedRegisters[position].append(register)
        }
        for (mask, position) in maskUse { freedMasks[position].append(mask) }
        return (freedRegisters, freedMasks)
    }
}
