import StoaColumns

/// Rows as states: each row the state of a group that has no other row.
extension ReductionDescription {
    /// Whether `statesOfRows` knows this function.
    package var hasStatesOfRows: Bool {
        switch function {
        case .countRows, .count: return true
        case .sum, .sumOrZero, .mean: return recordFields != nil
        case .min, .max: return true
        case .variance, .standardDeviation, .covariance, .correlation, .quantile: return false
        }
    }

    /// The state columns of rows, one state a row; memory is shared where a column is a state already.
    ///
    /// - Nulls: a null row is the state of no value. NaN, infinities and -0.0 stay. Overflow: none.
    /// - Cost: 16 bytes written a row for sums of integers, otherwise next to nothing where there are no nulls.
    package func statesOfRows(_ argument: Column?, count: Int) -> [Column] {
        switch function {
        case .countRows: return [Self.counts(nil, count: count)]
        case .count: return [Self.counts(checked(argument, count: count), count: count)]
        case .sum, .sumOrZero, .mean:
            let column = checked(argument, count: count)
            return [sums(column, count: count), Self.counts(column, count: count)]
        case .min, .max:
            let column = checked(argument, count: count)
            return [column.type == result ? column : column.retyped(result)]
        case .variance, .standardDeviation, .covariance, .correlation, .quantile:
            preconditionFailure("\(text) has no states of rows")
        }
    }

    /// One where there is a value, zero where there is none.
    private static func counts(_ column: Column?, count: Int) -> Column {
        let region = MemoryRegion(of: Int64.self, count: count)
        let target = region.bound(to: Int64.self)
        if let column, column.nullCount > 0 {
            target.update(repeating: 0, count: count)
            ValidityBits.forEach(column, count: count) { target[$0] = 1 }
        } else {
            target.update(repeating: 1, count: count)
        }
        return Column(type: .int64, count: count, values: region)
    }

    private func sums(_ column: Column, count: Int) -> Column {
        if column.type == .float64, column.nullCount == 0 { return column }
        if column.type.isFloat {
            let region = MemoryRegion(of: Double.self, count: count, zeroed: true)
            let target = region.bound(to: Double.self)
            if column.type == .float32 {
                let values = column.values(as: Float.self)
                ValidityBits.forEach(column, count: count) { target[$0] = Double(values[$0]) }
            } else {
                let values = column.values(as: Double.self)
                ValidityBits.forEach(column, count: count) { target[$0] = values[$0] }
            }
            return Column(type: .float64, count: count, values: region)
        }
        let region = MemoryRegion(of: Int128.self, count: count, zeroed: true)
        let target = region.bound(to: Int128.self)
        RecordValues.forEachInteger(column) { target[$0] = $1 }
        return Column(type: states[0], count: count, values: region)
    }
}

extension Column {
    /// The same memory under another type of the same storage.
    fileprivate func retyped(_ type: DataType) -> Column {
        precondition(type.storageType == self.type.storageType, "\(self.type) values cannot be called \(type)")
        return Column(
            type: type, count: count, offset: offset, validity: validity, nullCount: nullCount, storage: storage)
    }
}
