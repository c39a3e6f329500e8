extension Instruction {
    /// The registers that it reads.
    var readRegisters: [Int] {
        switch self {
        case .compute(let computation, _): computation.arguments
        case .mask(.whereTrue(let register, _), _), .mask(.whereNull(let register, _), _): [register]
        case .mask(.remaining, _), .mask(.both, _): []
        }
    }

    /// The masks that it reads.
    var readMasks: [Int] {
        switch self {
        case .compute(let computation, _):
            var masks = computation.scope.map { [$0] } ?? []
            if case .select(let taken, _) = computation.operation { masks += taken }
            return masks
        case .mask(.whereTrue(_, let limit), _), .mask(.whereNull(_, let limit), _): return limit.map { [$0] } ?? []
        case .mask(.remaining(let limit, let taken), _): return (limit.map { [$0] } ?? []) + [taken]
        case .mask(.both(let left, let right), _): return [left, right]
        }
    }
}

/// Where the registers and masks of a list of instructions are needed last.
struct InstructionUse {
    /// For every instruction the registers that nothing needs after it.
    let freedRegisters: [[Int]]
    /// For every instruction the masks that nothing needs after it.
    let freedMasks: [[Int]]

    /// - Parameter keptRegisters: what somebody else needs after the last instruction, constants included.
    init(_ instructions: [Instruction], keptRegisters: Set<Int>, keptMasks: Set<Int>) {
        var registerUse: [Int: Int] = [:]
        var maskUse: [Int: Int] = [:]
        for (position, instruction) in instructions.enumerated() {
            for register in instruction.readRegisters { registerUse[register] = position }
            for mask in instruction.readMasks { maskUse[mask] = position }
            switch instruction {
            case .compute(_, let register): registerUse[register] = position
            case .mask(_, let mask): maskUse[mask] = position
            }
        }
        var registers = [[Int]](repeating: [], count: instructions.count)
        var masks = registers
        for (register, position) in registerUse where !keptRegisters.contains(register) {
            registers[position].append(register)
        }
        for (mask, position) in maskUse where !keptMasks.contains(mask) { masks[position].append(mask) }
        freedRegisters = registers
        freedMasks = masks
    }
}
