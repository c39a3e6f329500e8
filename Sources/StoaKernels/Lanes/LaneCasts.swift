import StoaColumns

/// Conversions of numbers on blocks of a program.
package enum LaneCasts {
    /// How a register becomes one of another type.
    package enum Form {
        /// The values are those of the argument.
        case alias
        case kernel(LaneKernel)
    }

    /// The conversion between types; nil when the kernels of columns must do it.
    package static func cast(from source: DataType, to target: DataType) -> Form? {
        if source == target { return .alias }
        switch (source, target) {
        case (.decimal(let digits, let places), .decimal(let precision, let scale)):
            if places == scale, digits <= precision { return .alias }
            return scale >= places ? decimal(source, digits: scale - places, target).map(Form.kernel) : nil
        case (.int32, .decimal(_, let scale)), (.int64, .decimal(_, let scale)):
            return decimal(source, digits: scale, target).map(Form.kernel)
        default:
            guard source.isNumeric, target.isNumeric, !source.isDecimal, !target.isDecimal else { return nil }
            return CastTask.laneKernel(from: source.storageType, to: target.storageType).map(Form.kernel)
        }
    }

    /// Moves the decimal point to the right while 64 bits hold the result.
    private static func decimal(_ source: DataType, digits: Int, _ target: DataType) -> LaneKernel? {
        guard digits <= DataType.maximumNarrowDecimalPrecision, case .decimal(let precision, _) = target else {
            return nil
        }
        let factor = Int64(truncatingIfNeeded: Decimals.powerOfTen(digits))
        let limit = min(
            Lanes.narrowLimit,
            UInt64(Decimals.powerOfTen(min(precision, DataType.maximumNarrowDecimalPrecision)) - 1))
        let isResultWide = target.storageType == .int128
        @inline(__always)
        func scaling<Value: ColumnInteger>(_: Value.Type, isWide: Bool) -> LaneKernel {
            LaneKernel { arguments in
                guard !isWide || arguments.first.pointee.isNarrow else { return false }
                let (bound, overflow) = LaneLoops.bound(of: arguments.first, as: Value.self, count: arguments.count)
                    .multipliedReportingOverflow(by: UInt64(factor))
                guard !overflow, bound <= limit else { return false }
                arguments.result.pointee.bound = bound
                arguments.result.pointee.isNarrow = isResultWide
                let values = arguments.first.pointee.lanes(Value.self)
                let result = arguments.result.pointee.lanes(Int64.self)
                for row in 0..<arguments.count { result[row] = Int64(truncatingIfNeeded: values[row]) &* factor }
                return true
            }
        }
        switch source.storageType {
        case .int32: return scaling(Int32.self, isWide: false)
        case .int64: return scaling(Int64.self, isWide: false)
        case .int128: return scaling(Int64.self, isWide: true)
        default: return nil
        }
    }
}

extension LaneKernel {
    /// A conversion of fixed-width values; false for a block in which a value does not fit.
    @inline(__always)
    init<Conversion: FixedConversion>(converting conversion: Conversion) {
        self.init { arguments in
            let values = arguments.first.pointee.lanes(Conversion.Source.self)
            let result = arguments.result.pointee.lanes(Conversion.Target.self)
            var failed: UInt8 = 0
            for row in 0..<arguments.count {
                failed |= conversion.fails(values[row]) ? 1 : 0
                result[row] = conversion.convert(values[row])
            }
            return failed == 0
        }
    }
}
