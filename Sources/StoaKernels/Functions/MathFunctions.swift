internal import CStoaVector
import Glibc
import StoaColumns

/// Functions of one float64.
package enum MathFunction: String, Hashable, Sendable, CaseIterable {
    case sqrt, cbrt, exp, expm1, log, log2, log10, log1p
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh
}

/// Functions of two float64.
package enum MathFunction2: String, Hashable, Sendable, CaseIterable {
    case atan2, power, hypot
}

/// Mathematical functions of float64 columns.
///
/// `exp`, `expm1`, `log`, `log2`, `log10`, `log1p`, `sin`, `cos`, `tan`, `tanh` and `power` are our own, eight values at a
/// time, below 1 ulp and with the same bits on every machine (method and error beside the code in `StoaExponentials.h`,
/// `StoaLogarithms.h` and `StoaAngles.h`); angles above 10^6, and powers of negative, subnormal and infinite numbers or beyond
/// e^700, go to the C library one by one. `sqrt` is the correctly rounded machine instruction. The others are the C library's,
/// value by value: at most 1 ulp for most, 2 ulp for some by its documentation, bits by its version. The same value gives the
/// same bits wherever it stands in a column.
/// Nulls: stay null. NaN: as IEEE 754 and C99 Annex F have it. Overflow: infinities; domain errors give NaN. Empty: empty.
/// Cost: 0.5 to 1.4 ns a row for our own, 2.8 for powers, a call a row (5 to 20 ns) for the C library's.
package enum MathFunctions {
    /// `function(operand)`.
    package static func apply(_ function: MathFunction, _ operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(of: Double.self, count: count)
        fill(function, OperandValues(operand), region.bound(to: Double.self), count)
        return Column(type: .float64, count: count, values: region, validity: validity(of: [operand], count: count))
    }

    /// The function on a register of a program's block.
    package static func laneKernel(_ function: MathFunction) -> LaneKernel {
        LaneKernel { arguments in
            fill(
                function, OperandValues(stored: arguments.first.pointee.lanes(Double.self)),
                arguments.result.pointee.lanes(Double.self), arguments.count)
            return true
        }
    }

    /// The one place where functions meet values.
    private static func fill(
        _ function: MathFunction, _ values: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        switch function {
        case .sqrt: forBlocks(values, target, count) { stoa_square_root($0) }
        case .cbrt: forBlocks(values, target, count) { Glibc.cbrt($0) }
        case .exp: forVectors(values, target, count) { stoa_exp_f64x8($0) }
        case .expm1: forVectors(values, target, count) { stoa_expm1_f64x8($0) }
        case .log: forVectors(values, target, count) { stoa_log_f64x8($0) }
        case .log2: forVectors(values, target, count) { stoa_log2_f64x8($0) }
        case .log10: forVectors(values, target, count) { stoa_log10_f64x8($0) }
        case .log1p: forVectors(values, target, count) { stoa_log1p_f64x8($0) }
        case .sin: forAngles(values, target, count, Glibc.sin) { stoa_sine_f64x8($0, 0) }
        case .cos: forAngles(values, target, count, Glibc.cos) { stoa_sine_f64x8($0, 1) }
        case .tan: forAngles(values, target, count, Glibc.tan) { stoa_tan_f64x8($0) }
        case .asin: forBlocks(values, target, count) { Glibc.asin($0) }
        case .acos: forBlocks(values, target, count) { Glibc.acos($0) }
        case .atan: forBlocks(values, target, count) { Glibc.atan($0) }
        case .sinh: forBlocks(values, target, count) { Glibc.sinh($0) }
        case .cosh: forBlocks(values, target, count) { Glibc.cosh($0) }
        case .tanh: forVectors(values, target, count) { stoa_tanh_f64x8($0) }
        }
    }

    /// `function(left, right)`.
    package static func apply(
        _ function: MathFunction2, _ left: Operand, _ right: Operand, count: Int
    ) -> Column {
        let region = MemoryRegion(of: Double.self, count: count)
        let target = region.bound(to: Double.self)
        let a = OperandValues<Double>(left)
        let b = OperandValues<Double>(right)
        switch function {
        case .atan2: forBlocks(a, b, target, count) { Glibc.atan2($0, $1) }
        case .power: forVectors(a, b, target, count) { stoa_pow_f64x8($0, $1) }
        case .hypot: forBlocks(a, b, target, count) { Glibc.hypot($0, $1) }
        }
        return Column(
            type: .float64, count: count, values: region, validity: validity(of: [left, right], count: count))
    }

    @inline(__always)
    private static func forBlocks(
        _ values: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>, _ count: Int,
        _ function: (Double) -> Double
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let block = values.block(at: start)
            let result = target + start
            for index in 0..<min(Operand.constantRows, count &- start) { result[index] = function(block[index]) }
        }
    }

    /// Eight values at a time; a last block that is not full is filled up with ones.
    @inline(__always)
    private static func forVectors(
        _ values: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>, _ count: Int,
        _ function: (SIMD8<Double>) -> SIMD8<Double>
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let block = values.block(at: start)
            let result = target + start
            let rows = min(Operand.constantRows, count &- start)
            var row = 0
            while row &+ 8 <= rows {
                let vector = UnsafeRawPointer(block + row).loadUnaligned(as: SIMD8<Double>.self)
                UnsafeMutableRawPointer(result + row).storeBytes(of: function(vector), as: SIMD8<Double>.self)
                row &+= 8
            }
            if row == rows { continue }
            var last = SIMD8<Double>(repeating: 1)
            for lane in 0..<(rows &- row) { last[lane] = block[row &+ lane] }
            last = function(last)
            for lane in 0..<(rows &- row) { result[row &+ lane] = last[lane] }
        }
    }

    /// The same for two operands.
    @inline(__always)
    private static func forVectors(
        _ left: OperandValues<Double>, _ right: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>,
        _ count: Int, _ function: (SIMD8<Double>, SIMD8<Double>) -> SIMD8<Double>
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            let rows = min(Operand.constantRows, count &- start)
            var row = 0
            while row &+ 8 <= rows {
                let first = UnsafeRawPointer(a + row).loadUnaligned(as: SIMD8<Double>.self)
                let second = UnsafeRawPointer(b + row).loadUnaligned(as: SIMD8<Double>.self)
                UnsafeMutableRawPointer(result + row).storeBytes(
                    of: function(first, second), as: SIMD8<Double>.self)
                row &+= 8
            }
            if row == rows { continue }
            var first = SIMD8<Double>(repeating: 1)
            var second = first
            for lane in 0..<(rows &- row) {
                first[lane] = a[row &+ lane]
                second[lane] = b[row &+ lane]
            }
            let last = function(first, second)
            for lane in 0..<(rows &- row) { result[row &+ lane] = last[lane] }
        }
    }

    /// Functions of angles: those too large for the vector form are computed again by the C library.
    @inline(__always)
    private static func forAngles(
        _ values: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>, _ count: Int,
        _ ofLarge: (Double) -> Double, _ function: (SIMD8<Double>) -> SIMD8<Double>
    ) {
        forVectors(values, target, count, function)
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let block = values.block(at: start)
            let rows = min(Operand.constantRows, count &- start)
            // NaN counts as large; the maximum of magnitudes would hide it.
            var large = 0
            for row in 0..<rows { large &+= abs(block[row]) <= largestAngle ? 0 : 1 }
            if large == 0 { continue }
            for row in 0..<rows where !(abs(block[row]) <= largestAngle) { target[start + row] = ofLarge(block[row]) }
        }
    }

    private static let largestAngle = STOA_LARGEST_ANGLE

    @inline(__always)
    private static func forBlocks(
        _ left: OperandValues<Double>, _ right: OperandValues<Double>, _ target: UnsafeMutablePointer<Double>,
        _ count: Int, _ function: (Double, Double) -> Double
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            for index in 0..<min(Operand.constantRows, count &- start) { result[index] = function(a[index], b[index]) }
        }
    }
}
