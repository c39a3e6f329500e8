import StoaColumns
import StoaKernels
import StoaPlan

/// Turns expressions into one flat list of instructions over numbered registers. Equal subexpressions share a register,
/// constants are made once.
struct ExpressionCompiler {
    private(set) var instructions: [Instruction] = []
    /// What each register holds before the first instruction, nil for computed ones.
    private(set) var constants: [Operand?] = []
    /// Index of the input column that a register holds.
    private(set) var columns: [Int: Int] = [:]
    private(set) var maskCount = 0
    /// The rows that passed all filters so far, nil for all.
    private(set) var rowMask: Int?
    private let input: Schema
    /// The registers of the columns that expressions are over; nil while those are the input's.
    private var projected: [Int]?
    private(set) var types: [DataType] = []
    private var columnRegisters: [Int: Int] = [:]
    private var constantRegisters: [ConstantKey: Int] = [:]
    private var computed: [ComputationKey: Int] = [:]
    private var masks: [MaskComputation: Int] = [:]

    private struct ConstantKey: Hashable {
        let literal: Literal
        let type: DataType
    }

    private struct ComputationKey: Hashable {
        let operation: Operation
        let arguments: [Int]
        let type: DataType
        let scope: Int?
    }

    init(input: Schema) {
        self.input = input
    }

    /// Compiles a step that rows go through before the expressions that are compiled after it.
    mutating func add(_ step: RowStep) throws(StoaError) {
        switch step {
        case .filter(let condition):
            let register = try compile(condition)
            rowMask = mask(.whereTrue(register, within: rowMask))
        case .project(let expressions):
            var registers: [Int] = []
            for expression in expressions { registers.append(try compile(expression)) }
            projected = registers
        }
    }

    /// The register of an expression over the rows that passed the steps so far; only they can make it fail.
    mutating func compile(_ expression: BoundExpression) throws(StoaError) -> Int {
        try compile(expression, scope: rowMask)
    }

    /// The register of an expression's value, compiled when it is new. Only the rows of the mask `scope` may fail.
    private mutating func compile(_ expression: BoundExpression, scope: Int?) throws(StoaError) -> Int {
        switch expression.node {
        case .column(let index):
            if let projected {
                precondition(types[projected[index]] == expression.type, "'\(expression.text)' has another type")
                return projected[index]
            }
            precondition(
                index < input.count && input[index].type == expression.type,
                "'\(expression.text)' reads column \(index) as \(expression.type) from \(input)")
            if let register = columnRegisters[index] { return register }
            let register = makeRegister(expression.type)
            columnRegisters[index] = register
            columns[register] = index
            return register
        case .literal(let literal):
            let key = ConstantKey(literal: literal, type: expression.type)
            if let register = constantRegisters[key] { return register }
            let register = makeRegister(expression.type, constant: Operand(literal, type: expression.type))
            constantRegisters[key] = register
            return register
        case .conditional(let branches, let otherwise):
            return try conditional(branches, otherwise, of: expression, scope: scope)
        case .function(.coalesce, let arguments):
            return try coalesce(arguments, of: expression, scope: scope)
        default:
            var arguments: [Int] = []
            for operand in expression.operands { arguments.append(try compile(operand, scope: scope)) }
            return try compute(operation(of: expression), arguments, expression, scope: scope)
        }
    }

    /// Branches are computed for all rows, and only the rows that take a branch can make it fail.
    private mutating func conditional(
        _ branches: [BoundExpression.Branch], _ otherwise: BoundExpression?, of expression: BoundExpression, scope: Int?
    ) throws(StoaError) -> Int {
        var taken: [Int] = []
        var values: [Int] = []
        var remaining: Int?
        for branch in branches {
            let condition = try compile(branch.condition, limitedTo: remaining, scope: scope)
            let mask = mask(.whereTrue(condition, within: remaining))
            values.append(try compile(branch.value, limitedTo: mask, scope: scope))
            taken.append(mask)
            remaining = self.mask(.remaining(remaining, without: mask))
        }
        if let otherwise { values.append(try compile(otherwise, limitedTo: remaining, scope: scope)) }
        return try compute(
            .select(masks: taken, hasOtherwise: otherwise != nil), values, expression, scope: scope)
    }

    /// An argument can fail only in rows in which all arguments before it are null.
    private mutating func coalesce(
        _ arguments: [BoundExpression], of expression: BoundExpression, scope: Int?
    ) throws(StoaError) -> Int {
        var values: [Int] = []
        var remaining: Int?
        for (index, argument) in arguments.enumerated() {
            values.append(try compile(argument, limitedTo: remaining, scope: scope))
            if arguments[(index + 1)...].contains(where: { canFail($0) }) {
                remaining = mask(.whereNull(values[index], within: remaining))
            }
        }
        return try compute(.coalesce, values, expression, scope: scope)
    }

    /// Compiles what only the rows of `mask` need, within the rows that `scope` allows to fail.
    private mutating func compile(
        _ expression: BoundExpression, limitedTo mask: Int?, scope: Int?
    ) throws(StoaError) -> Int {
        guard let mask, canFail(expression) else { return try compile(expression, scope: scope) }
        return try compile(expression, scope: scope.map { self.mask(.both($0, mask)) } ?? mask)
    }

    private func canFail(_ expression: BoundExpression) -> Bool {
        if expression.operands.contains(where: { canFail($0) }) { return true }
        switch expression.node {
        case .column, .literal, .conditional: return false
        default: return operation(of: expression).canFail(from: expression.operands.map(\.type), to: expression.type)
        }
    }

    private mutating func compute(
        _ operation: Operation, _ arguments: [Int], _ expression: BoundExpression, scope: Int?
    ) throws(StoaError) -> Int {
        let canFail = operation.canFail(from: arguments.map { types[$0] }, to: expression.type)
        var key = ComputationKey(operation: operation, arguments: arguments, type: expression.type, scope: nil)
        // What was computed with no row failing serves a narrower scope as well.
        if let register = computed[key] { return register }
        if canFail, let scope {
            key = ComputationKey(operation: operation, arguments: arguments, type: expression.type, scope: scope)
            if let register = computed[key] { return register }
        }
        let register = makeRegister(expression.type)
        computed[key] = register
        var constants: ConstantSet?
        if case .isIn(let literals) = operation {
            constants = try ConstantSet(Column(literals, type: types[arguments[0]]))
        }
        let isPerEntry = operation.isEvaluatedPerEntry && arguments.contains { types[$0] == .utf8 }
        instructions.append(
            .compute(
                Computation(
                    operation: operation, arguments: arguments, type: expression.type, scope: canFail ? scope : nil,
                    text: expression.text, constants: constants, memo: isPerEntry ? DictionaryMemo() : nil),
                into: register))
        return register
    }

    private mutating func mask(_ computation: MaskComputation) -> Int {
        if let mask = masks[computation] { return mask }
        let mask = maskCount
        maskCount += 1
        masks[computation] = mask
        instructions.append(.mask(computation, into: mask))
        return mask
    }

    private mutating func makeRegister(_ type: DataType, constant: Operand? = nil) -> Int {
        types.append(type)
        constants.append(constant)
        return types.count - 1
    }
}
