import StoaColumns
import StoaKernels
import StoaPlan

extension Operand {
    /// A constant of a type that holds it exactly.
    init(_ literal: Literal, type: DataType) {
        self.init(constant: Column([literal], type: type))
    }
}

extension Column {
    /// A column of constants, each of which the type holds exactly.
    init(_ literals: [Literal], type: DataType) {
        switch type {
        case .bool:
            self.init(literals.map { $0.value(of: type) { if case .bool(let value) = $0 { value } else { nil } } })
        case .int8: self.init(literals.map { $0.integer(as: Int8.self, type) })
        case .int16: self.init(literals.map { $0.integer(as: Int16.self, type) })
        case .int32: self.init(literals.map { $0.integer(as: Int32.self, type) })
        case .int64: self.init(literals.map { $0.integer(as: Int64.self, type) })
        case .uint8: self.init(literals.map { $0.integer(as: UInt8.self, type) })
        case .uint16: self.init(literals.map { $0.integer(as: UInt16.self, type) })
        case .uint32: self.init(literals.map { $0.integer(as: UInt32.self, type) })
        case .uint64: self.init(literals.map { $0.integer(as: UInt64.self, type) })
        case .float32:
            self.init(
                literals.map {
                    $0.value(of: type) { if case .float(let bits) = $0 { Float(bits.value) } else { nil } }
                })
        case .float64:
            self.init(
                literals.map { $0.value(of: type) { if case .float(let bits) = $0 { bits.value } else { nil } } })
        case .utf8:
            self.init(literals.map { $0.value(of: type) { if case .string(let text) = $0 { text } else { nil } } })
        case .date32:
            let days: [Int32?] = literals.map {
                $0.value(of: type) { if case .date(let days) = $0 { days } else { nil } }
            }
            self = Column(days).reinterpreted(as: type)
        case .timestamp:
            let moments: [Int64?] = literals.map {
                $0.value(of: type) { if case .timestamp(let moment, _) = $0 { moment } else { nil } }
            }
            self = Column(moments).reinterpreted(as: type)
        case .decimal(let precision, let scale):
            let values: [Int128?] = literals.map {
                $0.value(of: type) { if case .decimal(let unscaled, _, _) = $0 { unscaled } else { nil } }
            }
            do {
                try self.init(decimals: values, precision: precision, scale: scale)
            } catch {
                preconditionFailure("a constant does not fit its type: \(error)")
            }
        }
    }
}

extension Literal {
    /// The value in the canonical form of the type, nil for null.
    fileprivate func value<Value>(of type: DataType, _ extract: (Literal) -> Value?) -> Value? {
        if case .null = self { return nil }
        guard let canonical = converted(to: type), let value = extract(canonical) else {
            preconditionFailure("the constant \(self) does not fit \(type)")
        }
        return value
    }

    fileprivate func integer<Value: FixedWidthInteger>(as: Value.Type, _ type: DataType) -> Value? {
        value(of: type) { literal in
            switch literal {
            case .integer(let value): Value(exactly: value)
            case .unsigned(let value): Value(exactly: value)
            default: nil
            }
        }
    }
}
