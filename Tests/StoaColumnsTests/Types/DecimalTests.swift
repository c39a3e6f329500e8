import StoaColumns
import Testing

@Suite struct DecimalTests {
    @Test(arguments: [(1, 0), (18, 18), (19, 0), (38, 38)])
    func everyPrecisionHoldsItsLimits(precision: Int, scale: Int) throws {
        let limit = Decimals.powerOfTen(precision) - 1
        let column = try Column(decimals: [limit, nil, -limit, 0], precision: precision, scale: scale)
        try column.checkInvariants()
        #expect(column.type == .decimal(precision: precision, scale: scale))
        #expect(column.type.storageType == (precision <= 18 ? .int64 : .int128))
        #expect(try column.unscaledDecimals() == [limit, nil, -limit, 0])
        let error = #expect(throws: StoaError.self) {
            try Column(decimals: [0, -limit - 1], precision: precision, scale: scale)
        }
        #expect(error?.code == .overflow && error?.location.row == 1)
    }

    @Test(arguments: [(0, 0), (39, 0), (5, 6), (5, -1)])
    func impossibleTypesAreErrors(precision: Int, scale: Int) {
        let error = #expect(throws: StoaError.self) { try Column(decimals: [], precision: precision, scale: scale) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func extremesDoNotTrap() {
        #expect(!Decimals.fits(.min, precision: 38))
        #expect(Decimals.description(unscaled: .min, scale: 3).hasPrefix("-170141183460469231731687303715884105.728"))
    }
}
