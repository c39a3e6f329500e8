internal import CStoaVector
import StoaColumns

/// Blocks of rows that a program computes at once, so that all its intermediate values stay in the first cache level.
package enum Lanes {
    /// Rows of a block. Four registers of 64-bit values and the constants take 40 KiB at 1,024 rows.
    package static let blockRows = Operand.constantRows
    /// Words of a bool register or of a mask.
    package static let blockWords = blockRows / 64

    /// Most digits of a decimal that is held in 64 bits whatever its type.
    static let narrowLimit = UInt64(Decimals.powerOfTen(DataType.maximumNarrowDecimalPrecision)) - 1

    /// Asks for the cache lines of the 64 values that stand a block behind these: a program turns from one column to the next
    /// with each block, which the hardware's own reading ahead does not survive.
    @inline(__always)
    static func prefetchNextBlock<Value>(_ values: UnsafePointer<Value>) {
        let next = UnsafeRawPointer(values + blockRows)
        for line in 0..<MemoryLayout<Value>.stride { stoa_prefetch(next + line &* 64) }
    }
}

/// The values of one expression for the rows of a block.
///
/// Values lie side by side; booleans are bits from bit 0 of the first word on, cleared past the last row. A value under a
/// null is unspecified. Nothing here owns memory: whoever runs the kernels keeps it alive.
package struct LaneRegister {
    package var values: UnsafeMutableRawPointer
    /// One bit a row, cleared past the last row; nil when every row holds a value.
    package var validity: UnsafeMutablePointer<UInt64>?
    /// Whether the first value stands for every row. Constants are held `blockRows` times all the same.
    package var isConstant = false
    /// Whether decimals of a type above 18 digits are held as Int64, because none of the values has more digits.
    package var isNarrow = false
    /// Whether the values are read where they lie in a column, so that those of the next block follow.
    package var isColumn = false
    /// What no magnitude exceeds, nulls included; `UInt64.max` when it was not looked for. Kept for integers only.
    package var bound = UInt64.max

    /// A register whose values are elsewhere.
    package init(values: UnsafeMutableRawPointer, validity: UnsafeMutablePointer<UInt64>? = nil) {
        self.values = values
        self.validity = validity
    }

    @inline(__always)
    func lanes<Value: BitwiseCopyable>(_: Value.Type) -> UnsafeMutablePointer<Value> {
        values.assumingMemoryBound(to: Value.self)
    }

    var words: UnsafeMutablePointer<UInt64> { lanes(UInt64.self) }
}

/// The registers of one kernel call. An operation of one argument gets it twice.
package struct LaneArguments {
    let first: UnsafeMutablePointer<LaneRegister>
    let second: UnsafeMutablePointer<LaneRegister>
    let result: UnsafeMutablePointer<LaneRegister>
    let count: Int

    /// The registers of a call for the first `count` rows of a block.
    package init(
        _ first: UnsafeMutablePointer<LaneRegister>, _ second: UnsafeMutablePointer<LaneRegister>,
        result: UnsafeMutablePointer<LaneRegister>, count: Int
    ) {
        self.first = first
        self.second = second
        self.result = result
        self.count = count
    }
}

/// What computes a register from registers, a block at a time. The loops are chosen when a program is compiled, not per
/// block.
///
/// Nulls: the caller sets the result's validity to where all arguments hold values, unless the kernel does it itself.
/// Overflow: a kernel that meets a value it cannot take returns false; the kernels of columns then compute the block, and
/// they know which rows' mistakes count. Empty: blocks have a row at least.
package struct LaneKernel {
    /// False when the block must be computed by other means.
    package let run: (LaneArguments) -> Bool
    /// Whether the kernel sets the result's validity, into words that the register points to.
    package let setsValidity: Bool

    init(setsValidity: Bool = false, _ run: @escaping (LaneArguments) -> Bool) {
        self.run = run
        self.setsValidity = setsValidity
    }
}

// MARK: Where a loop finds its values

/// The values of a register as a loop reads them, one form a type, so that each loop is compiled for its own forms.
protocol LaneSource {
    associatedtype Value
    init(_ register: LaneRegister)
    subscript(row: Int) -> Value { get }
    /// Asks for what the next block will read in the place of the 64 rows from this one on.
    func prefetch(_ row: Int)
}

struct StoredLanes<Value: BitwiseCopyable>: LaneSource {
    private let values: UnsafeMutablePointer<Value>
    private let isColumn: Bool
    @inline(__always)
    init(_ register: LaneRegister) {
        values = register.lanes(Value.self)
        isColumn = register.isColumn
    }
    @inline(__always)
    func prefetch(_ row: Int) { if isColumn { Lanes.prefetchNextBlock(values + row) } }
    @inline(__always)
    subscript(row: Int) -> Value { values[row] }
}

struct ConstantLane<Value: BitwiseCopyable>: LaneSource {
    private let value: Value
    @inline(__always)
    init(_ register: LaneRegister) { value = register.lanes(Value.self).pointee }
    @inline(__always)
    subscript(row: Int) -> Value { value }
    @inline(__always)
    func prefetch(_ row: Int) {}
}

/// Integers that are converted to floats on the way.
struct ConvertedLanes<Source: ColumnInteger, Value: ConvertibleFloat>: LaneSource {
    private let values: UnsafeMutablePointer<Source>
    private let isColumn: Bool
    @inline(__always)
    init(_ register: LaneRegister) {
        values = register.lanes(Source.self)
        isColumn = register.isColumn
    }
    @inline(__always)
    func prefetch(_ row: Int) { if isColumn { Lanes.prefetchNextBlock(values + row) } }
    @inline(__always)
    subscript(row: Int) -> Value { Value(signed: Int64(truncatingIfNeeded: values[row])) }
}

/// How an arithmetic operand is held.
package enum LaneForm: Hashable {
    /// In the operation's own type.
    case stored
    /// As a constant of the operation's own type.
    case constant
    /// As int32 or int64, to be converted to float64.
    case int32, int64
}
