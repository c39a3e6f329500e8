import StoaColumns

/// Values as text, for casts to utf8: the forms of `Column.formatted(at:)`.
enum TextFormatting {
    /// The values of an operand as text. Nulls stay null. Throws when the text exceeds the 2 GiB of a column chunk.
    static func format(_ operand: Operand, count: Int) throws(StoaError) -> Column {
        if operand.isConstant {
            var builder = TextBuilder(count: 1)
            builder.append(operand.column.formatted(at: 0))
            return Operand(constant: try builder.makeColumn()).column(count: count)
        }
        var builder = TextBuilder(count: count)
        for row in 0..<count { builder.append(operand.column.formatted(at: row, null: "")) }
        return try builder.makeColumn().withNulls(of: operand.column)
    }
}
