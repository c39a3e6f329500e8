import StoaColumns
import StoaKernels
import StoaPlan

/// Instructions over numbers and booleans, run for a block of rows at a time, so that what one computes is in the first
/// cache level when the next one reads it, and what a reduction takes never becomes a column.
///
/// Each instruction has a kernel chosen when the program is compiled; a block that a kernel declines, for a value that
/// overflows or does not fit 64 bits, goes through the kernels of columns, which know which rows' mistakes count.
///
/// Guard: used by one thread at a time.
final class LaneProgram {
    private let instructions: [Instruction]
    /// The steps of a block and their kernels, where it finds them without counting references.
    private let steps: UnsafeMutableBufferPointer<LaneStep>
    private let kernels: UnsafeMutableBufferPointer<LaneKernel>
    private let types: [DataType]
    private let storageTypes: [StorageType]
    private let constants: [Operand?]
    private let inputs: [Int]
    private let inputMasks: [Int]
    private let outputs: [Int]
    /// Outputs that may be columns of narrower decimals than their type.
    private let narrowOutputs: Set<Int>
    private let rowMask: Int?
    /// Registers of outputs that are computed where the output's column will be.
    private let storedOutputs: [(register: Int, output: Int)]

    private let registers: UnsafeMutablePointer<LaneRegister>
    private let masks: LaneMasks
    private let memory: MemoryRegion
    /// Words of validity, `Lanes.blockWords` for each register and as many for what filters leave of an output's.
    private let validity: MemoryRegion
    /// Bits of bool inputs, and constants of wide decimals that 64 bits hold.
    private var ownedMemory: [MemoryRegion] = []

    /// - Parameters:
    ///   - inputs: registers and masks that are there before the first instruction, constants not among them.
    ///   - outputs: registers whose values are wanted; those in `columns` as columns, those of them in `narrow` as narrow ones
    ///     where that is possible, the others by reductions.
    init(
        _ instructions: [Instruction], types: [DataType], constants: [Operand?], maskCount: Int, inputs: [Int],
        inputMasks: [Int], outputs: [Int], columns: Set<Int>, narrow: Set<Int>, rowMask: Int?
    ) {
        narrowOutputs = narrow
        self.instructions = instructions
        self.types = types
        storageTypes = types.map(\.storageType)
        self.constants = constants
        self.inputs = inputs
        self.inputMasks = inputMasks
        self.outputs = outputs
        self.rowMask = rowMask
        var stored: [Int: Int] = [:]
        for output in outputs.indices where columns.contains(output) {
            let type = types[outputs[output]].storageType
            if type != .bool, type != .int128 { stored[outputs[output]] = output }
        }
        let plan = LanePlan(
            instructions, types: types, constants: constants, outputs: outputs, rowMask: rowMask
        ) { stored[$0] != nil }
        let computed = Set(plan.steps.filter { $0.kind == .kernel || $0.kind == .columns }.map(\.result))
        storedOutputs = stored.filter { computed.contains($0.key) }.map { (register: $0.key, output: $0.value) }
        steps = .allocate(capacity: plan.steps.count)
        _ = steps.initialize(from: plan.steps)
        kernels = .allocate(capacity: plan.kernels.count)
        _ = kernels.initialize(from: plan.kernels)
        memory = MemoryRegion(byteCount: plan.byteCount)
        validity = MemoryRegion(byteCount: (types.count + 1) * Lanes.blockWords * 8)
        masks = LaneMasks(count: maskCount)
        registers = .allocate(capacity: types.count)
        registers.initialize(repeating: LaneRegister(values: memory.base), count: types.count)
        for (register, home) in plan.homes { registers[register].values = memory.base + home }
        for (register, constant) in constants.enumerated() {
            if let constant, types[register] != .utf8 { setConstant(register, constant) }
        }
        for input in inputs where types[input] == .bool { registers[input].values = inputBits(input) }
    }

    deinit {
        registers.deallocate()
        steps.deallocate()
        kernels.deinitialize()
        kernels.deallocate()
    }

    // MARK: Running

    /// Runs all blocks of a batch.
    ///
    /// - Parameters:
    ///   - value: the columns of the input registers.
    ///   - mask: the input masks.
    ///   - sinks: the reduction that takes an output; nil for outputs that become columns.
    /// - Returns: the columns; the rows that passed the filters when `needsChosen`; the number of these rows.
    func run(
        rows: Int, value: (Int) -> Column, mask: (Int) -> BitMask, firstRow: Int?, into sinks: [(any BlockReduction)?],
        needsChosen: Bool
    ) throws(StoaError) -> (columns: [Column?], chosen: BitMask?, passed: Int) {
        let columns = inputs.map(value)
        let bound = UnsafeMutableBufferPointer<LaneInput>.allocate(capacity: inputs.count)
        _ = bound.initialize(from: zip(inputs, columns).map { LaneInput($0, $1) })
        defer { bound.deallocate() }
        let bitMasks = inputMasks.map { (mask: $0, rows: mask($0)) }
        let targets = outputs.indices.map { output in
            sinks[output] == nil
                ? LaneOutput(types[outputs[output]], rows: rows, mayBeNarrow: narrowOutputs.contains(output)) : nil
        }
        let chosen = needsChosen ? MemoryRegion(bits: rows) : nil
        var passed = 0
        defer { withExtendedLifetime((columns, bitMasks, targets)) {} }
        var start = 0
        while start < rows {
            let count = min(Lanes.blockRows, rows - start)
            for input in bound { bind(input, start: start, count: count) }
            for (mask, rows) in bitMasks { masks.set(mask, from: rows, start: start, count: count) }
            for (register, output) in storedOutputs {
                if let target = targets[output] { registers[register].values = target.values(at: start) }
            }
            try runBlock(start: start, count: count, firstRow: firstRow, targets, sinks)
            if let rowMask {
                passed &+= masks.ones(rowMask)
                if let chosen { masks.copy(rowMask, to: chosen, start: start, count: count) }
            }
            start += count
        }
        return (
            targets.map { $0?.column() }, chosen.map { BitMask(words: $0, count: rows) }, rowMask == nil ? rows : passed
        )
    }

    private func runBlock(
        start: Int, count: Int, firstRow: Int?, _ targets: [LaneOutput?], _ sinks: [(any BlockReduction)?]
    ) throws(StoaError) {
        // Fields are read one by one: a copy of a whole step, or of a register that was just set, waits for its parts.
        var step = UnsafePointer(steps.baseAddress!)
        let end = step + steps.count
        while step < end {
            switch step.pointee.kind {
            case .kernel:
                if !runKernel(step, count) { try runColumns(step.pointee, start, count, firstRow) }
            case .columns: try runColumns(step.pointee, start, count, firstRow)
            case .alias:
                let (source, result) = (step.pointee.first, step.pointee.result)
                registers[result] = registers[source]
                if types[result].storageType == .int128, types[source].storageType == .int64 {
                    registers[result].isNarrow = true
                }
            case .mask:
                if let computation = step.pointee.computation {
                    masks.compute(computation, into: step.pointee.result, registers, count)
                }
            case .filter:
                if masks.ones(step.pointee.result) == 0 {
                    for case let target? in targets { target.skip(start: start, count: count) }
                    for (output, sink) in sinks.enumerated() {
                        if let sink {
                            giveNothing(types[outputs[output]], count, to: sink, dropped: step.pointee.result)
                        }
                    }
                    return
                }
            case .output:
                let register = step.pointee.first
                let output = step.pointee.instruction
                if let sink = sinks[output] {
                    give(registers + register, storageTypes[register], count, to: sink)
                } else {
                    targets[output]?.store(registers[register], start: start, count: count)
                }
            }
            step += 1
        }
    }

    /// False when the kernel declined.
    @inline(__always)
    private func runKernel(_ step: UnsafePointer<LaneStep>, _ count: Int) -> Bool {
        let place = step.pointee.result
        let first = registers + step.pointee.first
        let second = registers + step.pointee.second
        let result = registers + place
        let kernel = kernels.baseAddress! + step.pointee.kernel
        result.pointee.bound = .max
        result.pointee.isNarrow = false
        if kernel.pointee.setsValidity {
            result.pointee.validity = validityWords(place)
        } else {
            result.pointee.validity = intersection(first.pointee.validity, second.pointee.validity, place, count)
        }
        return kernel.pointee.run(LaneArguments(first, second, result: result, count: count))
    }

    private func intersection(
        _ left: UnsafeMutablePointer<UInt64>?, _ right: UnsafeMutablePointer<UInt64>?, _ register: Int, _ count: Int
    ) -> UnsafeMutablePointer<UInt64>? {
        guard let left else { return right }
        guard let right, left != right else { return left }
        let words = validityWords(register)
        for index in 0..<(count &+ 63) / 64 { words[index] = left[index] & right[index] }
        return words
    }

    private func validityWords(_ register: Int) -> UnsafeMutablePointer<UInt64> {
        validity.bound(to: UInt64.self) + register &* Lanes.blockWords
    }

    /// Hands an output to its reduction, without the values of rows that the filters dropped.
    private func give(
        _ register: UnsafePointer<LaneRegister>, _ type: StorageType, _ count: Int, to sink: any BlockReduction
    ) {
        var valid = register.pointee.validity
        var ones = count
        if let rowMask {
            ones = masks.ones(rowMask)
            let chosen = masks.words(rowMask)
            if let words = valid {
                let both = validityWords(types.count)
                ones = 0
                for index in 0..<(count &+ 63) / 64 {
                    both[index] = words[index] & chosen[index]
                    ones &+= both[index].nonzeroBitCount
                }
                valid = both
            } else {
                valid = ones == count ? nil : chosen
            }
        } else if let words = valid {
            ones = 0
            for index in 0..<(count &+ 63) / 64 { ones &+= words[index].nonzeroBitCount }
        }
        sink.consume(
            ReductionRows(
                storage: register.pointee.isNarrow ? .int64 : type, values: register.pointee.values,
                validity: ones == count ? nil : valid.map { UnsafeRawPointer($0) }, count: count,
                nullCount: count &- ones))
    }

    /// Tells a reduction of a block whose rows were all dropped: they take their places, as nulls do.
    private func giveNothing(_ type: DataType, _ count: Int, to sink: any BlockReduction, dropped mask: Int) {
        sink.consume(
            ReductionRows(
                storage: type.storageType, values: Self.noValues.base, validity: UnsafeRawPointer(masks.words(mask)),
                count: count, nullCount: count))
    }

    private static let noValues = MemoryRegion(byteCount: Lanes.blockRows * 16, zeroed: true)

    // MARK: Inputs and constants

    /// Points an input's register at the rows of a block.
    private func bind(_ input: LaneInput, start: Int, count: Int) {
        let register = registers + input.register
        if let width = input.width {
            register.pointee.values = UnsafeMutableRawPointer(mutating: input.values + start &* width)
            register.pointee.isColumn = true
        } else {
            Bitmap.copy(input.values, at: input.offset &+ start, count: count, to: register.pointee.values)
        }
        register.pointee.bound = .max
        register.pointee.validity = nil
        if let bits = input.validity {
            let words = validityWords(input.register)
            Bitmap.copy(bits, at: input.offset &+ start, count: count, to: words)
            register.pointee.validity = words
        }
    }

    /// Memory for the bits of a bool input, which start at any bit of the column's.
    private func inputBits(_ register: Int) -> UnsafeMutableRawPointer {
        let region = MemoryRegion(byteCount: Lanes.blockWords * 8)
        ownedMemory.append(region)
        return region.base
    }

    private func setConstant(_ register: Int, _ constant: Operand) {
        let column = constant.column
        var values: UnsafeMutableRawPointer
        switch column.storage {
        case .fixed(let buffer):
            values = UnsafeMutableRawPointer(
                mutating: buffer.base + column.offset * (column.type.storageType.byteWidth ?? 0))
        case .bits(let buffer): values = UnsafeMutableRawPointer(mutating: buffer.base)
        case .text, .dictionary: return
        }
        var isNarrow = false
        if column.type.storageType == .int128, !constant.isNullConstant {
            let value = values.load(as: Int128.self)
            if Decimals.fits(value, precision: DataType.maximumNarrowDecimalPrecision) {
                let region = MemoryRegion(of: Int64.self, count: Lanes.blockRows)
                region.bound(to: Int64.self).update(repeating: Int64(value), count: Lanes.blockRows)
                ownedMemory.append(region)
                values = region.base
                isNarrow = true
            }
        }
        registers[register].values = values
        registers[register].isConstant = true
        registers[register].isNarrow = isNarrow
        if constant.isNullConstant {
            let words = validityWords(register)
            words.update(repeating: 0, count: Lanes.blockWords)
            registers[register].validity = words
        }
    }

    // MARK: Kernels of columns

    private func runColumns(_ step: LaneStep, _ start: Int, _ count: Int, _ firstRow: Int?) throws(StoaError) {
        guard case .compute(let computation, let result) = instructions[step.instruction] else { return }
        let arguments = computation.arguments.map { operand(of: $0, count: count) }
        let rows = RowScope(count: count, chosen: computation.scope.map { masks.bitMask($0, count: count) })
        let column: Column
        do {
            column = try computation.evaluate(arguments, in: rows) { masks.bitMask($0, count: count) }
        } catch {
            throw computation.located(error, firstRow: firstRow.map { $0 + start })
        }
        let register = registers + result
        register.pointee.bound = .max
        register.pointee.isNarrow = false
        register.pointee.validity = nil
        switch column.storage {
        case .fixed(let buffer):
            let width = column.type.storageType.byteWidth ?? 0
            register.pointee.values.copyMemory(from: buffer.base + column.offset * width, byteCount: count * width)
        case .bits(let buffer):
            Bitmap.copy(buffer.base, at: column.offset, count: count, to: register.pointee.values)
        case .text, .dictionary: preconditionFailure("'\(computation.text)' gives text in a block")
        }
        if let bits = column.validity {
            let words = validityWords(result)
            Bitmap.copy(bits.base, at: column.offset, count: count, to: words)
            register.pointee.validity = words
        }
    }

    /// A register as a kernel of columns takes it.
    private func operand(of register: Int, count: Int) -> Operand {
        if let constant = constants[register] { return constant }
        let type = types[register]
        let source = registers[register]
        let validity = source.validity.map { Buffer(base: $0, byteCount: Lanes.blockWords * 8, owner: self.validity) }
        let storage: Column.Storage
        if type == .bool {
            storage = .bits(Buffer(base: source.values, byteCount: Lanes.blockWords * 8, owner: memory))
        } else if source.isNarrow {
            let wide = MemoryRegion(of: Int128.self, count: count)
            let values = source.values.assumingMemoryBound(to: Int64.self)
            let target = wide.bound(to: Int128.self)
            for row in 0..<count { target[row] = Int128(values[row]) }
            storage = .fixed(wide.buffer)
        } else {
            let width = type.storageType.byteWidth ?? 0
            storage = .fixed(Buffer(base: source.values, byteCount: count * width, owner: memory))
        }
        return Operand(Column(type: type, count: count, validity: validity, storage: storage))
    }
}
