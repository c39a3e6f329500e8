import StoaColumns
import StoaKernels
import Testing

/// Three-valued logic against its truth tables.
@Suite struct LogicTests {
    private func and(_ a: Bool?, _ b: Bool?) -> Bool? {
        if a == false || b == false { return false }
        return a == nil || b == nil ? nil : true
    }

    private func or(_ a: Bool?, _ b: Bool?) -> Bool? {
        if a == true || b == true { return true }
        return a == nil || b == nil ? nil : false
    }

    @Test func tables() throws {
        var maker = ColumnMaker(seed: 31)
        for shape in Shape.all {
            let (left, leftColumn): ([Bool?], Column) = maker.column(shape)
            let (right, rightColumn): ([Bool?], Column) = maker.column(
                Shape(count: shape.count, offset: 7 - shape.offset, nulls: maker.pick(NullPattern.allCases)))
            let a = Operand(leftColumn)
            let b = Operand(rightColumn)
            for result in [Logic.and(a, b, count: shape.count), Logic.or(a, b, count: shape.count)] {
                try result.checkInvariants()
            }
            #expect(
                Bool.values(of: Logic.and(a, b, count: shape.count)) == zip(left, right).map { and($0, $1) }, "\(shape)"
            )
            #expect(
                Bool.values(of: Logic.or(a, b, count: shape.count)) == zip(left, right).map { or($0, $1) }, "\(shape)")
            #expect(Bool.values(of: Logic.not(a, count: shape.count)) == left.map { $0.map { !$0 } }, "\(shape)")
            if shape.offset != shape.count % 8 { continue }
            for constant in [true, false, nil] as [Bool?] {
                let operand = Operand(constant: Column([constant]))
                #expect(
                    Bool.values(of: Logic.and(operand, b, count: shape.count)) == right.map { and(constant, $0) })
                #expect(Bool.values(of: Logic.or(a, operand, count: shape.count)) == left.map { or($0, constant) })
            }
        }
    }
}
