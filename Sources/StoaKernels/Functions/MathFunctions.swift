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
/// This is the one place where the functions of the C library are applied, value by value: their error is that of glibc
/// (documented as at most 1 ulp for most, 2 ulp for some), and the same value gives the same bits wherever it stands in a
/// column. `sqrt` is the correctly rounded machine instruction.
/// Nulls: stay null. NaN: as IEEE 754 and C99 Annex F have it. Overflow: infinities; domain errors give NaN. Empty: empty.
/// Cost: a call a row, except `sqrt`.
package enum MathFunctions {
    /// `function(operand)`.
    package static func apply(_ function: MathFunction, _ operand: Operand, count: Int) -> Column {
        let region = MemoryRegion(of: Double.self, count: count)
        let target = region.bound(to: Double.self)
        let values = OperandValues<Double>(operand)
        switch function {
        case .sqrt: forBlocks(values, target, count) { stoa_square_root($0) }
        case .cbrt: forBlocks(values, target, count) { Glibc.cbrt($0) }
        case .exp: forBlocks(values, target, count) { Glibc.exp($0) }
        case .expm1: forBlocks(values, target, count) { Glibc.expm1($0) }
        case .log: forBlocks(values, target, count) { Glibc.log($0) }
        case .log2: forBlocks(values, target, count) { Glibc.log2($0) }
        case .log10: forBlocks(values, target, count) { Glibc.log10($0) }
        case .log1p: forBlocks(values, target, count) { Glibc.log1p($0) }
        case .sin: forBlocks(values, target, count) { Glibc.sin($0) }
        case .cos: forBlocks(values, target, count) { Glibc.cos($0) }
        case .tan: forBlocks(values, target, count) { Glibc.tan($0) }
        case .asin: forBlocks(values, target, count) { Glibc.asin($0) }
        case .acos: forBlocks(values, target, count) { Glibc.acos($0) }
        case .atan: forBlocks(values, target, count) { Glibc.atan($0) }
        case .sinh: forBlocks(values, target, count) { Glibc.sinh($0) }
        case .cosh: forBlocks(values, target, count) { Glibc.cosh($0) }
        case .tanh: forBlocks(values, target, count) { Glibc.tanh($0) }
        }
        return Column(type: .float64, count: count, values: region, validity: validity(of: [operand], count: count))
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
        case .power: forBlocks(a, b, target, count) { Glibc.pow($0, $1) }
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
