import StoaColumns
import StoaKernels
import Testing

/// What a kernel must make of one row.
enum Outcome<Value: Equatable> {
    case null
    case value(Value)
    case fails(StoaError.Code)

    var isFailure: Bool { if case .fails = self { true } else { false } }
}

/// Runs a kernel on all rows, which must fail in the first row that should when there is one, and again with only the
/// other rows in scope, which must give their values. `rows` reads the result.
func expectOutcomes<Value: Equatable>(
    _ outcomes: [Outcome<Value>], _ context: @autoclosure () -> String,
    isEqual: (Value, Value) -> Bool = { $0 == $1 },
    rows: (Column) -> [Value?]?, kernel: (RowScope) throws(StoaError) -> Column
) {
    let good = outcomes.map { !$0.isFailure }
    if let first = good.firstIndex(of: false), case .fails(let code) = outcomes[first] {
        do {
            _ = try kernel(RowScope(count: outcomes.count))
            Issue.record("row \(first) should fail: \(context())")
        } catch {
            #expect(error.code == code && error.location.row == first, "\(error) in \(context())")
        }
    }
    do {
        let scope = RowScope(count: outcomes.count, chosen: BitMask(trueRowsOf: Column(good)))
        let result = try kernel(good.contains(false) ? scope : RowScope(count: outcomes.count))
        // Rows out of scope may hold anything.
        if !good.contains(false) { try result.checkInvariants() }
        guard let found = rows(result), found.count == outcomes.count else {
            Issue.record("a result of \(result.count) rows of \(result.type) in \(context())")
            return
        }
        for (row, outcome) in outcomes.enumerated() {
            switch outcome {
            case .null:
                if found[row] != nil { Issue.record("row \(row) is \(String(describing: found[row])) in \(context())") }
            case .value(let value):
                guard let given = found[row], isEqual(given, value) else {
                    Issue.record("row \(row) is \(String(describing: found[row])), not \(value) in \(context())")
                    continue
                }
            case .fails: break
            }
        }
    } catch {
        Issue.record("\(error) in \(context())")
    }
}

/// Equal bits, all NaN being alike.
func isSame<Value: BinaryFloatingPoint>(_ left: Value, _ right: Value) -> Bool {
    (left.isNaN && right.isNaN) || (left == right && left.sign == right.sign)
}

extension Column {
    /// The scaled integers of any decimal or integer column.
    var integers: [Int128?]? {
        func wide<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) -> [Int128?] {
            let pointer = values(as: Value.self)
            return (0..<count).map { isNull(at: $0) ? nil : Int128(pointer[$0]) }
        }
        switch type.storageType {
        case .int8: return wide(Int8.self)
        case .int16: return wide(Int16.self)
        case .int32: return wide(Int32.self)
        case .int64: return wide(Int64.self)
        case .int128: return wide(Int128.self)
        case .uint8: return wide(UInt8.self)
        case .uint16: return wide(UInt16.self)
        case .uint32: return wide(UInt32.self)
        case .uint64: return wide(UInt64.self)
        default: return nil
        }
    }
}
