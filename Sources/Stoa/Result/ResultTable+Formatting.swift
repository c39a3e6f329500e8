import Glibc
import StoaColumns

extension ResultTable {
    /// The first rows as a table of text: names, types, values; numbers to the right, text to the left.
    ///
    /// - Parameters:
    ///   - rowLimit: most rows to show, none when negative; a last line tells when there are more.
    ///   - width: columns of the terminal; long texts are shortened and middle columns left out (and named) until the
    ///     table fits. Nil when nothing has to fit.
    public func formatted(rowLimit: Int = 20, width: Int? = nil) -> String {
        let shown = min(max(0, rowLimit), rowCount)
        let head = shown == rowCount ? batches : firstRows(shown)
        let cells = schema.fields.indices.map { index in
            [schema[index].name, "\(schema[index].type)"] + Self.cells(head.map { $0.columns[index] })
        }
        var layout = TableLayout(
            columns: zip(schema.fields, cells).map {
                TableLayout.Column(name: $0.name, cells: $1, isNumber: $0.type.isNumeric)
            })
        if let width { layout.fit(to: width) }
        var lines = layout.lines()
        if shown < rowCount { lines.append("… more than \(shown) rows") }
        if !layout.hidden.isEmpty {
            lines.append("… \(layout.hidden.count) columns left out: \(layout.hidden.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private func firstRows(_ count: Int) -> [Batch] {
        var left = count
        return batches.compactMap { batch in
            let rows = min(left, batch.rowCount)
            left -= rows
            return rows == 0 ? nil : batch.slice(0..<rows)
        }
    }

    /// The values of a column for people: floats rounded alike in all rows, everything else exactly.
    private static func cells(_ parts: [Column]) -> [String] {
        guard parts.first?.type.isFloat == true else {
            return parts.flatMap { part in (0..<part.count).map { part.formatted(at: $0) } }
        }
        let values = parts.flatMap { part in
            part.type == .float64
                ? Double.values(of: part) ?? [] : (Float.values(of: part) ?? []).map { $0.map { Double($0) } }
        }
        let format = FloatFormat(for: values)
        return values.map { $0.map(format.text) ?? "null" }
    }
}

/// How a column of floats is shown: with the same number of digits after the point in every row.
struct FloatFormat {
    private let pattern: String

    /// Whole numbers with one digit, values below one with six, others with four, and exponents where the sizes of the
    /// values leave 1e-4...1e15.
    init(for values: [Double?]) {
        let finite = values.compactMap { $0 }.filter { $0.isFinite && $0 != 0 }
        let sizes = finite.map(abs)
        if sizes.contains(where: { $0 >= 1e15 }) || sizes.max().map({ $0 < 1e-4 }) == true {
            pattern = "%.5e"
        } else if finite.allSatisfy({ $0 == $0.rounded() }) {
            pattern = "%.1f"
        } else {
            pattern = sizes.allSatisfy { $0 < 1 } ? "%.6f" : "%.4f"
        }
    }

    func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        var buffer = [CChar](repeating: 0, count: 400)
        let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, pattern, $0) }
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Where the cells of a table go.
struct TableLayout {
    /// One column of text: the name, the type, then the values.
    struct Column {
        let name: String
        var cells: [String]
        let isNumber: Bool

        var width: Int { cells.reduce(0) { max($0, Terminal.width(of: $1)) } }
    }

    var columns: [Column]
    /// Names of columns that found no place.
    private(set) var hidden: [String] = []
    private let gap = 2
    private let shortest = 12

    init(columns: [Column]) {
        self.columns = columns.map { column in
            var column = column
            column.cells = column.cells.map(Self.onOneLine)
            return column
        }
    }

    private var totalWidth: Int { columns.reduce(-gap) { $0 + $1.width + gap } }

    /// Shortens the widest texts, then leaves out columns from the middle.
    mutating func fit(to width: Int) {
        while totalWidth > width {
            let widest = columns.indices.filter { !columns[$0].isNumber }.max { columns[$0].width < columns[$1].width }
            guard let widest, columns[widest].width > shortest else { break }
            let target = max(shortest, columns[widest].width - max(1, totalWidth - width))
            columns[widest].cells = columns[widest].cells.map { Self.shortened($0, to: target) }
        }
        while totalWidth > width, columns.count > 1 {
            hidden.append(columns.remove(at: columns.count / 2).name)
        }
    }

    func lines() -> [String] {
        guard let first = columns.first else { return [] }
        let widths = columns.map(\.width)
        var lines = first.cells.indices.map { row in
            zip(columns, widths).map { column, width in
                Self.padded(column.cells[row], to: width, right: column.isNumber)
            }.joined(separator: String(repeating: " ", count: gap)).trimmingTrailingSpaces()
        }
        lines.insert(
            widths.map { String(repeating: "─", count: $0) }.joined(separator: String(repeating: " ", count: gap)),
            at: 2)
        return lines
    }

    private static func padded(_ text: String, to width: Int, right: Bool) -> String {
        let fill = String(repeating: " ", count: width - Terminal.width(of: text))
        return right ? fill + text : text + fill
    }

    private static func shortened(_ text: String, to width: Int) -> String {
        guard Terminal.width(of: text) > width else { return text }
        var result = ""
        var used = 0
        for character in text {
            let next = Terminal.width(of: character)
            if used + next > width - 1 { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// Line breaks and other control characters would tear the table: they are shown escaped.
    private static func onOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar.value < 32 || scalar.value == 127 ? scalar.escaped(asASCII: false) : String(scalar)
        }
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
