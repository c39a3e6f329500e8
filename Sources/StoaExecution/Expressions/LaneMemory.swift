import StoaColumns
import StoaKernels

/// A column that the blocks of a program read. Nothing here owns memory: whoever runs the blocks keeps the column.
struct LaneInput {
    let register: Int
    /// The value of the first row; of booleans the byte of bit 0.
    let values: UnsafeRawPointer
    /// Bytes of a value, nil for booleans.
    let width: Int?
    /// The first row's bit among the validity bits, and among the values of booleans.
    let offset: Int
    let validity: UnsafeRawPointer?

    init(_ register: Int, _ column: Column) {
        self.register = register
        width = column.type.storageType.byteWidth
        offset = column.offset
        validity = column.validity?.base
        switch column.storage {
        case .fixed(let buffer): values = buffer.base + column.offset * (width ?? 0)
        case .bits(let buffer): values = buffer.base
        case .text, .dictionary: preconditionFailure("a block reads no text")
        }
    }
}

/// The column of an output, filled block by block.
///
/// Decimals above 18 digits are gathered in 64 bits for as long as no block needs more.
final class LaneOutput {
    private let type: DataType
    private let rows: Int
    private let mayBeNarrow: Bool
    private let region: MemoryRegion
    private var wide: MemoryRegion?
    private var validity: MemoryRegion?

    /// - Parameter mayBeNarrow: whether wide decimals that 64 bits hold are wanted as decimals of 18 digits.
    init(_ type: DataType, rows: Int, mayBeNarrow: Bool) {
        self.type = type
        self.mayBeNarrow = mayBeNarrow
        self.rows = rows
        switch type.storageType.byteWidth {
        case nil: region = MemoryRegion(bits: rows)
        case 16?: region = MemoryRegion(of: Int64.self, count: rows)
        case let width?: region = MemoryRegion(byteCount: rows * width)
        }
    }

    /// Where a block's values belong when they are neither booleans nor wide decimals.
    func values(at start: Int) -> UnsafeMutableRawPointer { region.base + start * (type.storageType.byteWidth ?? 0) }

    /// A block whose rows are all dropped: its values do not matter.
    func skip(start: Int, count: Int) {
        if type == .bool {
            (region.bound(to: UInt64.self) + start / 64).update(repeating: 0, count: (count + 63) / 64)
        }
    }

    func store(_ register: LaneRegister, start: Int, count: Int) {
        switch type.storageType {
        case .bool:
            (region.bound(to: UInt64.self) + start / 64).update(
                from: register.values.assumingMemoryBound(to: UInt64.self), count: (count + 63) / 64)
        case .int128: storeDecimals(register, start, count)
        default:
            let target = values(at: start)
            let width = type.storageType.byteWidth ?? 0
            if register.values != target { target.copyMemory(from: register.values, byteCount: count * width) }
        }
        guard let valid = register.validity else { return }
        let filled = validity ?? Bitmap.filled(true, count: rows)
        validity = filled
        (filled.bound(to: UInt64.self) + start / 64).update(from: valid, count: (count + 63) / 64)
    }

    private func storeDecimals(_ register: LaneRegister, _ start: Int, _ count: Int) {
        if register.isNarrow, wide == nil {
            (region.bound(to: Int64.self) + start).update(
                from: register.values.assumingMemoryBound(to: Int64.self), count: count)
            return
        }
        let target = wide ?? widened(count: start)
        wide = target
        let values = target.bound(to: Int128.self) + start
        if register.isNarrow {
            let source = register.values.assumingMemoryBound(to: Int64.self)
            for row in 0..<count { values[row] = Int128(source[row]) }
        } else {
            values.update(from: register.values.assumingMemoryBound(to: Int128.self), count: count)
        }
    }

    /// The first `count` of the decimals gathered so far in 128 bits.
    private func widened(count: Int) -> MemoryRegion {
        let target = MemoryRegion(of: Int128.self, count: rows)
        let values = target.bound(to: Int128.self)
        let source = region.bound(to: Int64.self)
        for row in 0..<count { values[row] = Int128(source[row]) }
        return target
    }

    private func decimals() -> Column {
        if mayBeNarrow, wide == nil, case .decimal(_, let scale) = type,
            scale <= DataType.maximumNarrowDecimalPrecision
        {
            let narrow = DataType.decimal(precision: DataType.maximumNarrowDecimalPrecision, scale: scale)
            return Column(type: narrow, count: rows, values: region, validity: validity)
        }
        return Column(type: type, count: rows, values: wide ?? widened(count: rows), validity: validity)
    }

    /// The column, complete.
    func column() -> Column {
        switch type.storageType {
        case .bool: Column(type: type, count: rows, validity: validity?.buffer, storage: .bits(region.buffer))
        case .int128: decimals()
        default: Column(type: type, count: rows, values: region, validity: validity)
        }
    }
}
