import StoaColumns
import StoaKernels
import Testing

/// Lengths around lanes, words and leaves, up to three leaves and one row, and one of more rows than are widened at a time.
private let lengths = [
    0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 130, 511, 1_023, 1_024, 1_025, 1_040, 2_048, 2_500, 3_073, 8_500,
]

/// Every length with every null pattern, and bit offsets that change from case to case.
private let shapes: [Shape] = lengths.enumerated().flatMap { index, count in
    NullPattern.allCases.enumerated().map {
        Shape(count: count, offset: (index + 3 * $0.offset) % 8, nulls: $0.element)
    }
}

private let integerKinds: [KeyKind] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .smallRange, .fullRange,
]

@Suite struct ReductionTests {
    @Test(arguments: KeyKind.allCases)
    func counts(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 1)
        for shape in shapes {
            let column = kind.column(&maker, shape, batch: 0)
            let present = KeyValue.rows(of: column).count { $0 != .null }
            #expect(try ReductionDescription(.count, of: kind.type).value(of: column) == Column([Int64(present)]))
            #expect(try ReductionDescription(.countRows, of: nil).value(of: column) == Column([Int64(shape.count)]))
        }
    }

    @Test(arguments: integerKinds)
    func integerSumsAreExact(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 2)
        for shape in shapes {
            let column = kind.column(&maker, shape, batch: 0)
            let values = ReferenceReduction.integers(column).compactMap(\.self)
            let sum = values.reduce(0, +)
            let isEmpty = values.isEmpty
            for function in [ReductionFunction.sum, .sumOrZero] {
                let description = ReductionDescription(function, of: kind.type)
                let none: Int128? = function == .sum ? nil : 0
                let expected = isEmpty ? none : sum
                let fits = kind.type.isUnsignedInteger ? UInt64(exactly: sum) != nil : Int64(exactly: sum) != nil
                if !fits {
                    let error = #expect(throws: StoaError.self) { try description.value(of: column) }
                    #expect(error?.code == .overflow && error?.location.column == description.text)
                } else if kind.type.isUnsignedInteger {
                    #expect(try description.value(of: column) == Column([expected.map { UInt64($0) }]))
                } else {
                    #expect(try description.value(of: column) == Column([expected.map { Int64($0) }]))
                }
            }
            let mean = isEmpty ? nil : Double(sum) / Double(values.count)
            #expect(try ReductionDescription(.mean, of: kind.type).value(of: column) == Column([mean]))
        }
    }

    @Test(arguments: integerKinds)
    func integerVarianceIsExact(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 3)
        for shape in shapes {
            let column = kind.column(&maker, shape, batch: 0)
            let values = ReferenceReduction.integers(column).compactMap(\.self)
            for delta in 0...2 {
                let variance = ReductionDescription(.variance(deltaDegrees: delta), of: kind.type)
                let result = Double.values(of: try variance.value(of: column))?[0]
                guard values.count > delta else {
                    #expect(result == .some(nil))
                    continue
                }
                // Deviations from the rounded mean in Float64, corrected by their sum: good to a few roundings.
                let mean = values.reduce(0, +) / Int128(values.count)
                let deviations = values.map { Double($0 - mean) }
                let shift = ReferenceReduction.accurateSum(deviations) / Double(values.count)
                let squares = ReferenceReduction.accurateSum(deviations.map { ($0 - shift) * ($0 - shift) })
                let expected = squares / Double(values.count - delta)
                #expect(abs((result ?? nil ?? .nan) - expected) <= expected * 0x1p-48, "\(shape) \(delta)")
                let deviation = ReductionDescription(.standardDeviation(deltaDegrees: delta), of: kind.type)
                #expect(try deviation.value(of: column) == Column([(result ?? nil ?? .nan).squareRoot()]))
            }
        }
    }

    @Test func varianceOfIntegersDoesNotDependOnTheirPlace() throws {
        // The exact sums differ by far more than 128 bits hold, the variance not in its last bit.
        var maker = ColumnMaker(seed: 4)
        let small = (0..<5_000).map { _ in Int64(maker.below(1_000)) }
        let description = ReductionDescription(.variance(deltaDegrees: 1), of: .int64)
        let expected = try description.value(of: Column(small))
        // Among them ranges across the ends of what is multiplied in parts: 26 and 52 bits.
        for base: Int64 in [
            Int64.min, -1_000_000_007, 1 << 53, Int64.max - 1_000, 1 << 38, (1 << 26) - 500, -(1 << 26) - 500,
            (1 << 52) - 1_000, (1 << 52) - 500, -(1 << 52), -(1 << 52) - 500,
        ] {
            #expect(try description.value(of: Column(small.map { $0 + base })) == expected)
        }
        let unsigned = ReductionDescription(.variance(deltaDegrees: 1), of: .uint64)
        #expect(try unsigned.value(of: Column(small.map { UInt64($0) + (UInt64.max - 1_000) })) == expected)
        let unsignedBase = UInt64(1) << 52 - 500
        #expect(try unsigned.value(of: Column(small.map { UInt64($0) + unsignedBase })) == expected)
        // Whole blocks of the largest magnitude that is multiplied in parts.
        for constant: Int64 in [-(1 << 52), (1 << 52) - 1] {
            let same = [Int64](repeating: constant, count: 4_096)
            #expect(try description.value(of: Column(same)) == Column([0.0]))
            #expect(try description.value(of: Column(same.dropLast() + [constant + 64])) == Column([1.0]))
        }
        // Two values 2^64 - 1 apart: half of the squared distance.
        let extremes = try description.value(of: Column([Int64.min, .max]))
        #expect(extremes == Column([0x1p127]))
    }

    @Test(arguments: [KeyKind.float32, .float64])
    func floatSumsFollowTheTree(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 5)
        for shape in shapes {
            for isTame in [true, false] {
                let column = isTame ? tame(kind, &maker, shape) : kind.column(&maker, shape, batch: 0)
                let values = ReferenceReduction.floats(column)
                let present = values.compactMap(\.self)
                let sum = ReferenceReduction.orderedSum(values)
                let result = try ReductionDescription(.sum, of: kind.type).value(of: column)
                let mean = try ReductionDescription(.mean, of: kind.type).value(of: column)
                #expect(sameBits(result, present.isEmpty ? nil : sum), "\(shape)")
                #expect(sameBits(mean, present.isEmpty ? nil : sum / Double(present.count)), "\(shape)")
                if isTame {
                    let bound = (64 + 12) * 0x1p-53 * present.map(\.magnitude).reduce(0, +)
                    #expect(abs(sum - ReferenceReduction.accurateSum(present)) <= bound)
                }
            }
        }
    }

    @Test(arguments: [KeyKind.float32, .float64, .narrowDecimal, .wideDecimal])
    func floatVarianceFollowsTheTree(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 6)
        for shape in shapes {
            for isTame in [true, false] {
                let column = isTame ? tame(kind, &maker, shape) : kind.column(&maker, shape, batch: 0)
                let values = ReferenceReduction.floats(column)
                let moments = ReferenceReduction.orderedMoments(values)
                for delta in 0...1 {
                    let description = ReductionDescription(.variance(deltaDegrees: delta), of: kind.type)
                    let result = try description.value(of: column)
                    let expected =
                        moments.count > delta ? moments.deviations / Double(moments.count - delta) : nil
                    #expect(sameBits(result, expected), "\(shape)")
                    guard isTame, let expected else { continue }
                    let present = values.compactMap(\.self)
                    let mean = ReferenceReduction.accurateSum(present) / Double(present.count)
                    let squares = ReferenceReduction.accurateSum(present.map { ($0 - mean) * ($0 - mean) })
                    let accurate = squares / Double(present.count - delta)
                    #expect(abs(expected - accurate) <= 0x1p-40 * accurate + 0x1p-90 * mean * mean)
                }
            }
        }
    }

    @Test(arguments: [KeyKind.narrowDecimal, .wideDecimal])
    func decimalSumsAndMeansAreExact(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 7)
        guard case .decimal(let precision, _) = kind.type else { return }
        let limit = Decimals.powerOfTen(38)
        for shape in shapes {
            let column = tame(kind, &maker, shape)
            let values = ReferenceReduction.integers(column).compactMap(\.self)
            let sum = values.reduce(0, +)
            let isSmall = sum.magnitude < limit.magnitude / 10_000
            let result = try ReductionDescription(.sum, of: kind.type).value(of: column)
            #expect(ReferenceReduction.integers(result) == [values.isEmpty ? nil : sum])
            guard isSmall else { continue }
            let mean = try ReductionDescription(.mean, of: kind.type).value(of: column)
            #expect(mean.type == .decimal(precision: min(38, precision + 4), scale: precision > 18 ? 7 : 6))
            var expected: Int128?
            if !values.isEmpty {
                let (quotient, rest) = (sum.magnitude * 10_000).quotientAndRemainder(dividingBy: UInt128(values.count))
                let rounded = Int128(quotient) + (rest * 2 >= UInt128(values.count) ? 1 : 0)
                expected = sum < 0 ? -rounded : rounded
            }
            #expect(ReferenceReduction.integers(mean) == [expected])
        }
    }

    @Test func decimalSumsPassThroughNumbersThatNoTypeHolds() throws {
        let type = DataType.decimal(precision: 38, scale: 2)
        let large = Decimals.powerOfTen(38) - 1
        let region = MemoryRegion(of: Int128.self, count: 9)
        for row in 0..<9 { region.bound(to: Int128.self)[row] = row < 4 ? large : row < 8 ? -large : 5 }
        let column = Column(type: type, count: 9, values: region)
        let sum = ReductionDescription(.sum, of: type)
        #expect(ReferenceReduction.integers(try sum.value(of: column)) == [5])
        let error = #expect(throws: StoaError.self) { try sum.value(of: column.slice(0..<4)) }
        #expect(error?.code == .overflow)
        // The mean of the largest numbers fits where their sum does not, at the argument's own scale.
        let mean = ReductionDescription(
            function: .mean, argument: type, result: type, text: "mean(x)", states: sum.states)
        #expect(ReferenceReduction.integers(try mean.value(of: column.slice(0..<4))) == [large])
        #expect(ReferenceReduction.integers(try mean.value(of: column.slice(4..<8))) == [-large])
    }

    @Test(arguments: KeyKind.allCases)
    func extremesFollowTheTotalOrder(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 8)
        for shape in shapes {
            let column = kind.column(&maker, shape, batch: 0)
            for function in [ReductionFunction.min, .max] {
                let result = try ReductionDescription(function, of: kind.type).value(of: column)
                #expect(result == expectedExtreme(function, column), "\(function) \(shape)")
            }
        }
    }

    @Test func extremesOfFloats() throws {
        func extremes(_ values: [Double?]) throws -> [UInt64?] {
            let column = Column(values)
            return try [ReductionFunction.min, .max].map {
                let result = try ReductionDescription($0, of: .float64).value(of: column)
                return Double.values(of: result)?[0].map(\.bitPattern)
            }
        }
        let nan = Double.nan.bitPattern
        #expect(try extremes([0.0, -0.0]) == [(-0.0).bitPattern, 0.0.bitPattern])
        #expect(try extremes([-0.0, 0.0, nil]) == [(-0.0).bitPattern, 0.0.bitPattern])
        #expect(try extremes([1, -Double.nan, -.infinity]) == [(-Double.infinity).bitPattern, nan])
        #expect(try extremes([-Double.nan, nil]) == [nan, nan])
        #expect(try extremes([nil, nil]) == [nil, nil])
    }

    @Test(arguments: KeyKind.allCases)
    func resultsDoNotDependOnBatchBorders(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 9)
        for round in 0..<8 {
            let shape = Shape(count: 500 + maker.below(6_000), offset: round, nulls: maker.pick([.none, .random]))
            let column = round % 2 == 0 ? kind.column(&maker, shape, batch: 0) : tame(kind, &maker, shape)
            for description in descriptions(of: kind.type) {
                let whole = description.reduced([column])
                for _ in 0..<3 { #expect(description.reduced(column.cut(&maker)) == whole, "\(description) \(shape)") }
            }
        }
    }

    @Test(arguments: KeyKind.allCases)
    func partialsMergeInOrder(_ kind: KeyKind) throws {
        var maker = ColumnMaker(seed: 10)
        for round in 0..<4 {
            let column = tame(kind, &maker, Shape(count: 4_000, offset: round, nulls: .random))
            let parts = column.cut(&maker)
            for description in descriptions(of: kind.type) {
                let merged = try description.finished(parts.map { description.reduced([$0]) })
                if kind.type.isFloat, description.function == .sum {
                    let sums = parts.map { ReferenceReduction.orderedSum(ReferenceReduction.floats($0)) }
                    #expect(sameBits(merged, sums.reduce(0, +)))
                } else if let inexact = Double.values(of: merged), let value = inexact[0] {
                    let whole = Double.values(of: try description.value(of: column))?[0] ?? .nan
                    #expect(abs(value - whole) <= abs(whole) * 0x1p-40, "\(description)")
                } else {
                    #expect(merged == (try description.value(of: column)), "\(description)")
                }
            }
        }
    }
}

/// Every function that takes the type.
func descriptions(of type: DataType) -> [ReductionDescription] {
    var functions: [ReductionFunction] = [.count, .min, .max]
    if type.isNumeric || type == .bool {
        functions += [.sum, .sumOrZero, .mean, .variance(deltaDegrees: 1), .standardDeviation(deltaDegrees: 0)]
    }
    return functions.map { ReductionDescription($0, of: type) }
}

/// Values of ordinary size, whose sums stay in range; the kind's own values where it has no numbers.
func tame(_ kind: KeyKind, _ maker: inout ColumnMaker, _ shape: Shape) -> Column {
    switch kind {
    case .float64: maker.column(shape) { Double($0.below(1 << 40)) / 1_024 - Double(1 << 29) }.column
    case .float32: maker.column(shape) { Float($0.below(1 << 20)) / 1_024 - 300 }.column
    case .int64, .growingRange, .fullRange: maker.column(shape) { Int64($0.below(1 << 50)) - 1 << 40 }.column
    case .uint64: maker.column(shape) { UInt64($0.below(1 << 50)) }.column
    case .narrowDecimal: maker.column(shape, type: kind.type) { Int64($0.below(5_000)) - 2_000 }.column
    case .wideDecimal:
        maker.column(shape, type: kind.type) { Int128($0.below(1 << 40)) * 1_000_000_000_000 - 1 << 70 }.column
    default: kind.column(&maker, shape, batch: 0)
    }
}

/// The extreme of a column as a column of one row.
func expectedExtreme(_ function: ReductionFunction, _ column: Column) -> Column {
    let rows = (0..<column.count).filter { !column.isNull(at: $0) }
    let keys = KeyValue.rows(of: column)
    let floats = column.type.isFloat ? ReferenceReduction.floats(column) : []
    func precedes(_ left: Int, _ right: Int) -> Bool {
        if column.type.isFloat { return ReferenceReduction.precedes(floats[left] ?? 0, floats[right] ?? 0) }
        switch (keys[left], keys[right]) {
        case (.integer(let left), .integer(let right)): return left < right
        case (.text(let left), .text(let right)): return left.utf8.lexicographicallyPrecedes(right.utf8)
        default: return false
        }
    }
    let best = function == .min ? rows.min(by: precedes) : rows.max(by: precedes)
    guard let best else {
        let nothing = Bitmap.filled(false, count: 1)
        return Column(type: column.type, count: 1, validity: nothing.buffer, storage: column.slice(0..<0).oneSlot)
    }
    if column.type == .float64, floats[best]?.isNaN == true { return Column([Double.nan]) }
    if column.type == .float32, floats[best]?.isNaN == true { return Column([Float.nan]) }
    return column.slice(best..<best + 1)
}

extension Column {
    /// Storage of one zeroed row in this column's form.
    fileprivate var oneSlot: Storage {
        let region = MemoryRegion(byteCount: 16, zeroed: true)
        switch type.storageType {
        case .bool: return .bits(region.buffer)
        case .utf8: return .text(offsets: region.buffer, bytes: region.buffer)
        default: return .fixed(region.buffer)
        }
    }
}

/// Whether a column of one float64 row holds exactly this value, any NaN being as good as another.
func sameBits(_ column: Column, _ value: Double?) -> Bool {
    guard let found = Double.values(of: column), found.count == 1 else { return false }
    if let left = found[0], let right = value, left.isNaN, right.isNaN { return true }
    return found[0]?.bitPattern == value?.bitPattern
}
