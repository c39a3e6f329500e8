import StoaColumns
import StoaKernels

/// One step of a block.
struct LaneStep {
    enum Kind {
        /// A kernel of blocks; when it declines, the kernels of columns.
        case kernel
        /// The kernels of columns.
        case columns
        /// The argument's values under the result's type.
        case alias
        case mask
        /// Ends the block when no row of it passed the filters.
        case filter
        /// An output is ready.
        case output
    }

    let kind: Kind
    var first = 0
    var second = 0
    /// The register or mask that it sets.
    var result = 0
    /// Place of its instruction, of its kernel's among the kernels, or of the output.
    var instruction = 0
    var kernel = 0
    /// Of a mask what it is made from.
    var computation: MaskComputation?
}

/// The steps of a block and where each register lies.
///
/// Conversions of integers to float64 that only arithmetic reads are done by the arithmetic's own loop. Registers share
/// memory when their lives do not overlap, so that a block's values stay in the first cache level.
struct LanePlan {
    /// What the block computes, in order.
    private(set) var steps: [LaneStep] = []
    private(set) var kernels: [LaneKernel] = []
    /// Bytes from the start of the working memory to a computed register's values.
    private(set) var homes: [Int: Int] = [:]
    /// Bytes of working memory.
    private(set) var byteCount = 0
    /// Computed registers that keep the memory of another register.
    private var roots: [Int: Int] = [:]

    /// - Parameters:
    ///   - isStored: whether an output's register is computed into the output's own memory.
    init(
        _ instructions: [Instruction], types: [DataType], constants: [Operand?], outputs: [Int], rowMask: Int?,
        isStored: (Int) -> Bool
    ) {
        var conversions: [Int: Int] = [:]
        makeSteps(instructions, types, constants, outputs, rowMask, &conversions)
        dropUnread(instructions, conversions)
        assignHomes(instructions, types, isStored)
    }

    private mutating func makeSteps(
        _ instructions: [Instruction], _ types: [DataType], _ constants: [Operand?], _ outputs: [Int], _ rowMask: Int?,
        _ conversions: inout [Int: Int]
    ) {
        var ready = Set<Int>()
        var computed = Set<Int>()
        for case .compute(_, let register) in instructions { computed.insert(register) }
        var isRowMaskReady = rowMask == nil
        func outputSteps() -> [LaneStep] {
            if !isRowMaskReady { return [] }
            return outputs.indices.filter { !ready.contains($0) && !computed.contains(outputs[$0]) }.map { output in
                ready.insert(output)
                return LaneStep(kind: .output, first: outputs[output], second: outputs[output], instruction: output)
            }
        }
        if let rowMask,
            !instructions.contains(where: { if case .mask(_, let mask) = $0 { mask == rowMask } else { false } })
        {
            steps.append(LaneStep(kind: .filter, result: rowMask))
            isRowMaskReady = true
        }
        steps += outputSteps()
        for (position, instruction) in instructions.enumerated() {
            switch instruction {
            case .mask(let computation, let mask):
                steps.append(
                    LaneStep(kind: .mask, result: mask, instruction: position, computation: computation))
                if mask == rowMask {
                    steps.append(LaneStep(kind: .filter, result: mask))
                    isRowMaskReady = true
                }
            case .compute(let computation, let register):
                steps.append(
                    step(computation, register, position, types, constants, &conversions))
                computed.remove(register)
            }
            steps += outputSteps()
        }
    }

    private mutating func step(
        _ computation: Computation, _ register: Int, _ position: Int, _ types: [DataType], _ constants: [Operand?],
        _ conversions: inout [Int: Int]
    ) -> LaneStep {
        var step = LaneStep(kind: .columns, result: register, instruction: position)
        var arguments = computation.arguments
        let forms = arguments.map { constants[$0] == nil ? LaneForm.stored : .constant }
        var form: LaneCasts.Form?
        if case .arithmetic = computation.operation, computation.type == .float64 {
            var sources = arguments
            var sourceForms = forms
            for (index, argument) in arguments.enumerated() {
                guard let source = conversions[argument] else { continue }
                sources[index] = source
                sourceForms[index] = types[source] == .int32 ? .int32 : .int64
            }
            if sources != arguments {
                form = computation.laneForm(from: arguments.map { types[$0] }, sourceForms)
                if form != nil { arguments = sources }
            }
        }
        if form == nil { form = computation.laneForm(from: arguments.map { types[$0] }, forms) }
        switch form {
        case nil: return step
        case .alias?:
            step = LaneStep(kind: .alias, first: arguments[0], second: arguments[0], result: register)
            roots[register] = root(arguments[0])
        case .kernel(let kernel)?:
            step = LaneStep(
                kind: .kernel, first: arguments[0], second: arguments.last ?? arguments[0], result: register,
                instruction: position, kernel: kernels.count)
            kernels.append(kernel)
            if case .cast = computation.operation, computation.type == .float64,
                types[arguments[0]] == .int32 || types[arguments[0]] == .int64, constants[arguments[0]] == nil
            {
                conversions[register] = arguments[0]
            }
        }
        return step
    }

    private func root(_ register: Int) -> Int { roots[register] ?? register }

    /// Registers that a step reads.
    private static func reads(_ step: LaneStep, _ instructions: [Instruction]) -> [Int] {
        switch step.kind {
        case .kernel, .alias, .output: [step.first, step.second]
        case .columns, .mask: instructions[step.instruction].readRegisters
        case .filter: []
        }
    }

    /// Leaves out conversions that arithmetic does on the way. They cannot fail.
    private mutating func dropUnread(_ instructions: [Instruction], _ conversions: [Int: Int]) {
        let read = Set(steps.flatMap { Self.reads($0, instructions) })
        steps.removeAll { $0.kind == .kernel && conversions[$0.result] != nil && !read.contains($0.result) }
    }

    /// Gives every computed register memory until its last reader.
    private mutating func assignHomes(
        _ instructions: [Instruction], _ types: [DataType], _ isStored: (Int) -> Bool
    ) {
        var lastUse: [Int: Int] = [:]
        for (position, step) in steps.enumerated() {
            for register in Self.reads(step, instructions) { lastUse[root(register)] = position }
            if step.kind == .kernel || step.kind == .columns { lastUse[step.result] = position }
        }
        var free: [Int: [Int]] = [:]
        for (position, step) in steps.enumerated() {
            if step.kind == .kernel || step.kind == .columns, !isStored(step.result) {
                let size = Self.byteCount(of: types[step.result])
                if let home = free[size]?.popLast() {
                    homes[step.result] = home
                } else {
                    homes[step.result] = byteCount
                    byteCount += size
                }
            }
            for (register, last) in lastUse where last == position {
                if let home = homes[register] { free[Self.byteCount(of: types[register]), default: []].append(home) }
            }
        }
    }

    /// Bytes of a register, whole cache lines and one more that vector stores may run over.
    private static func byteCount(of type: DataType) -> Int {
        guard let width = type.storageType.byteWidth else { return (Lanes.blockWords * 8 + 127) / 64 * 64 }
        return (width * Lanes.blockRows + 127) / 64 * 64
    }
}
