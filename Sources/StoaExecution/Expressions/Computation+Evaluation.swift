import StoaColumns
import StoaKernels
import StoaPlan

extension Computation {
    /// Calls the operation's kernel. `mask` gives the mask of a register.
    func evaluate(
        _ arguments: [Operand], in rows: RowScope, mask: (Int) -> BitMask
    ) throws(StoaError) -> Column {
        let count = rows.count
        switch operation {
        case .arithmetic(let operation):
            return try Arithmetic.binary(operation, arguments[0], arguments[1], type: type, in: rows)
        case .numeric(let function): return try Arithmetic.unary(function, arguments[0], in: rows)
        case .math(let function): return MathFunctions.apply(function, arguments[0], count: count)
        case .math2(let function): return MathFunctions.apply(function, arguments[0], arguments[1], count: count)
        case .compare(let comparison): return Comparison.compare(comparison, arguments[0], arguments[1], count: count)
        case .nullSafeEqual: return Comparison.nullSafeEqual(arguments[0], arguments[1], count: count)
        case .and: return Logic.and(arguments[0], arguments[1], count: count)
        case .or: return Logic.or(arguments[0], arguments[1], count: count)
        case .not: return Logic.not(arguments[0], count: count)
        case .isNull: return NullTests.isNull(arguments[0], count: count)
        case .isNotNull: return NullTests.isNotNull(arguments[0], count: count)
        case .isNaN: return NullTests.isNaN(arguments[0], count: count)
        case .isFinite: return NullTests.isFinite(arguments[0], count: count)
        case .cast(let nullOnFailure):
            return try Cast.cast(arguments[0], to: type, nullOnFailure: nullOnFailure, in: rows)
        case .isIn:
            guard let constants else { preconditionFailure("'\(text)' was compiled without its constants") }
            return constants.contains(arguments[0], count: count)
        case .select(let masks, let hasOtherwise):
            return try Choice.select(
                zip(masks, arguments).map { (mask($0), $1) }, otherwise: hasOtherwise ? arguments.last : nil,
                type: type, count: count)
        case .coalesce: return try Choice.firstValue(arguments, type: type, count: count)
        case .nullIf:
            let equal = Comparison.compare(.equal, arguments[0], arguments[1], count: count)
            let kept = BitMask(all: true, count: count).intersection(BitMask(trueRowsOf: equal), inverted: true)
            return arguments[0].column(count: count).nulled(exceptAt: kept)
        case .fillNaN:
            let isNaN = BitMask(trueRowsOf: NullTests.isNaN(arguments[0], count: count))
            return try Choice.select([(isNaN, arguments[1])], otherwise: arguments[0], type: type, count: count)
        case .least: return try Choice.extreme(arguments, isLeast: true, type: type, count: count)
        case .greatest: return try Choice.extreme(arguments, isLeast: false, type: type, count: count)
        case .length: return TextFunctions.length(arguments[0], count: count)
        case .lowercased: return try TextFunctions.changeCase(arguments[0], toUpper: false, count: count)
        case .uppercased: return try TextFunctions.changeCase(arguments[0], toUpper: true, count: count)
        case .search(let search): return TextFunctions.search(search, arguments[0], for: arguments[1], count: count)
        case .concatenate: return try TextFunctions.concatenate(arguments, count: count)
        case .datePart(let part): return DateParts.part(part, of: arguments[0], count: count)
        }
    }

    /// The result by way of the dictionary's entries, when one argument is an encoded text and the others are constants;
    /// nil when that is not so, or when the dictionary is still larger than the rows that were met with it.
    func perEntry(_ arguments: [Operand], _ memo: DictionaryMemo, in rows: RowScope) throws(StoaError) -> Column? {
        guard let position = arguments.firstIndex(where: { !$0.isConstant }),
            arguments.indices.allSatisfy({ $0 == position || arguments[$0].isConstant }),
            let (_, dictionary) = arguments[position].column.dictionaryCodes
        else { return nil }
        let column = arguments[position].column
        if memo.dictionary !== dictionary {
            memo.dictionary = dictionary
            memo.entries = nil
            memo.rowsSeen = 0
        }
        if memo.entries == nil {
            memo.rowsSeen += rows.count
            if memo.rowsSeen < dictionary.count { return nil }
            memo.entries = try entries(arguments, position, dictionary.values)
        }
        guard let entries = memo.entries else { return nil }
        let result = column.mappedThroughCodes(entries)
        if case .cast(nullOnFailure: false) = operation, result.nullCount > column.nullCount {
            // Some row's text cannot be converted. Row by row it is found, or turns out not to count.
            return nil
        }
        return result
    }

    private func entries(
        _ arguments: [Operand], _ position: Int, _ values: Column
    ) throws(StoaError) -> Column {
        var perEntry = arguments
        perEntry[position] = Operand(values)
        var computation = self
        // An entry that no row uses must not fail: what cannot be converted is null for now.
        if case .cast = operation { computation.operation = .cast(nullOnFailure: true) }
        let result = try computation.evaluate(perEntry, in: RowScope(count: values.count)) { _ in
            preconditionFailure("an operation on entries has no masks")
        }
        return type == .utf8 ? result.dictionaryEncoded() : result
    }
}
