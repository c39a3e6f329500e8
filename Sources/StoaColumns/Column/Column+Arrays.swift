extension Column {
    /// The values as an array; for a column without nulls. Costs a copy.
    ///
    /// Throws `typeMismatch` when the column holds another type and `nullFound` when a row is null.
    public func array<Element: ColumnElement>(of type: Element.Type) throws(StoaError) -> [Element] {
        guard nullCount == 0 else {
            let row = (0..<count).first(where: isNull(at:)) ?? 0
            throw StoaError(
                .nullFound, "\(nullCount) of \(count) rows are null, the first is row \(row)",
                advice: "ask for \(Element.self)?.self, or fill the nulls", at: .init(row: row))
        }
        guard let values = Element.arrayWithoutNulls(of: self) else { throw mismatch(Element.self) }
        return values
    }

    /// The values as an array, nil for null. Costs a copy. Throws `typeMismatch` when the column holds another type.
    public func array<Element: ColumnElement>(of type: Element?.Type) throws(StoaError) -> [Element?] {
        guard let values = Element.values(of: self) else { throw mismatch(Element.self) }
        return values
    }

    private func mismatch<Element: ColumnElement>(_ element: Element.Type) -> StoaError {
        let swift =
            switch type {
            case .bool: "Bool"
            case .int8: "Int8"
            case .int16: "Int16"
            case .int32: "Int32"
            case .int64, .timestamp: "Int64"
            case .uint8: "UInt8"
            case .uint16: "UInt16"
            case .uint32: "UInt32"
            case .uint64: "UInt64"
            case .float32: "Float"
            case .float64: "Double"
            case .utf8: "String"
            case .date32: "CivilDate"
            case .decimal: "a decimal: see unscaledDecimals()"
            }
        return StoaError(
            .typeMismatch, "the column holds \(type), not \(Element.dataType)",
            advice: "ask for \(swift), or cast the column to \(Element.dataType)")
    }

    /// A column that holds the same value in every row.
    public static func constant<Element: ColumnElement>(_ value: Element, count: Int) -> Column {
        precondition(count >= 0, "a column cannot have \(count) rows")
        return Element.makeColumn(withoutNulls: Array(repeating: value, count: count))
    }
}
