import StoaColumns
import StoaKernels
import StoaPlan

/// Instructions that are run one after the other for all rows of a morsel, each giving a column.
///
/// A register is freed after its last use, so that few columns are live at once and their memory stays in the cache.
///
/// Guard: used by one thread at a time.
final class MorselProgram {
    private let instructions: [Instruction]
    private let columns: [Int: Int]
    private let use: InstructionUse
    private let constants: [Operand?]
    private var registers: [Operand?]
    private var masks: [BitMask?]

    /// - Parameters:
    ///   - columns: the input's column that a register is.
    ///   - keptRegisters: registers, and masks, that are asked for after the last instruction.
    init(
        _ instructions: [Instruction], constants: [Operand?], columns: [Int: Int], maskCount: Int,
        keptRegisters: Set<Int>, keptMasks: Set<Int>
    ) {
        self.instructions = instructions
        self.constants = constants
        self.columns = columns
        let fixed = Set(constants.indices.filter { constants[$0] != nil })
        use = InstructionUse(
            instructions, keptRegisters: keptRegisters.union(fixed), keptMasks: keptMasks)
        registers = constants
        masks = Array(repeating: nil, count: maskCount)
    }

    var isEmpty: Bool { instructions.isEmpty }

    func run(_ batch: Batch, firstRow: Int?) throws(StoaError) {
        for (register, index) in columns { registers[register] = Operand(batch.columns[index]) }
        for (position, instruction) in instructions.enumerated() {
            switch instruction {
            case .compute(let computation, let register):
                do {
                    registers[register] = try evaluate(computation, count: batch.rowCount)
                } catch {
                    throw computation.located(error, firstRow: firstRow)
                }
            case .mask(let computation, let mask):
                masks[mask] = evaluate(computation, count: batch.rowCount)
            }
            for register in use.freedRegisters[position] { registers[register] = nil }
            for mask in use.freedMasks[position] { masks[mask] = nil }
        }
    }

    /// Frees what the last run left.
    func clear() {
        registers = constants
        for index in masks.indices { masks[index] = nil }
    }

    func value(of register: Int) -> Operand {
        guard let operand = registers[register] else { preconditionFailure("register \(register) was freed too early") }
        return operand
    }

    func mask(_ mask: Int) -> BitMask {
        guard let mask = masks[mask] else { preconditionFailure("mask \(mask) was freed too early") }
        return mask
    }

    private func evaluate(_ computation: Computation, count: Int) throws(StoaError) -> Operand {
        let arguments = computation.arguments.map { value(of: $0) }
        let rows = RowScope(count: count, chosen: computation.scope.map { mask($0) })
        if let memo = computation.memo, let column = try computation.perEntry(arguments, memo, in: rows) {
            return Operand(column)
        }
        return Operand(try computation.evaluate(arguments, in: rows) { mask($0) })
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
}
