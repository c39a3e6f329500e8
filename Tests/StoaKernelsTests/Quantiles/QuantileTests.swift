import StoaColumns
import StoaKernels
import Testing

@Suite struct QuantileTests {
    private static let methods: [QuantileMethod] = [.linear, .lower, .higher, .nearest, .midpoint, .invertedCDF]
    private static let shares = [0, 0.01, 0.25, 0.3, 0.5, 0.75, 0.999, 1]

    private func description(_ share: Double, _ method: QuantileMethod, _ type: DataType) -> ReductionDescription {
        let result: DataType = method == .linear || method == .midpoint ? .float64 : type
        return ReductionDescription(
            function: .quantile(share, method), argument: type, result: result, text: "quantile(x, \(share))",
            states: [result])
    }

    /// The quantile by its definition, over sorted values; nil without values.
    private func expected(_ sorted: [Double], _ share: Double, _ method: QuantileMethod) -> Double? {
        if sorted.isEmpty { return nil }
        let place = Double(sorted.count - 1) * share
        let (below, above) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
        switch method {
        case .lower: return sorted[below]
        case .higher: return sorted[above]
        case .nearest: return sorted[Int(place.rounded(.toNearestOrEven))]
        case .invertedCDF: return sorted[max(0, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
        case .linear, .midpoint:
            let (low, high) = (sorted[below], sorted[above])
            if low == high || below == above { return low }
            let weight = method == .linear ? place - Double(below) : 0.5
            return (high - low).isFinite ? low + (high - low) * weight : low * (1 - weight) + high * weight
        }
    }

    private func sorted(_ values: [Double?]) -> [Double] {
        values.compactMap { $0 }.sorted { $1.isNaN ? !$0.isNaN : $0 < $1 }
    }

    private func number(_ column: Column, at row: Int) -> Double? {
        if column.isNull(at: row) { return nil }
        return switch column.type {
        case .float64: column.values(as: Double.self)[row]
        case .float32: Double(column.values(as: Float.self)[row])
        case .int8: Double(column.values(as: Int8.self)[row])
        case .int32, .date32: Double(column.values(as: Int32.self)[row])
        case .int64: Double(column.values(as: Int64.self)[row])
        case .uint64: Double(column.values(as: UInt64.self)[row])
        case .decimal(let precision, _) where precision > 18: Double(column.values(as: Int128.self)[row])
        default: nil
        }
    }

    private func isSame(_ found: Double?, _ expected: Double?) -> Bool {
        guard let found, let expected else { return found == nil && expected == nil }
        return found.isNaN ? expected.isNaN : found == expected
    }

    private func reduced(_ column: Column, _ maker: inout ColumnMaker, _ descriptions: [ReductionDescription])
        -> [Column]
    {
        let reductions = descriptions.makeReductions()
        var start = 0
        while start < column.count {
            let rows = min(column.count - start, 1 + maker.below(column.count))
            for reduction in reductions { reduction.consume(column.slice(start..<start + rows), count: rows) }
            start += rows
        }
        return reductions.map { $0.states()[0] }
    }

    /// Columns of what selection must not be troubled by: few values, equal ones, order, NaN and infinities.
    private func columns(_ maker: inout ColumnMaker) -> [Column] {
        var columns: [Column] = []
        for count in [0, 1, 2, 3, 39, 40, 41, 64, 65, 500, 1_025, 4_000, 40_000, 120_000] {
            let shape = Shape(count: count, offset: count % 8, nulls: .allCases[(count / 3) % 4])
            let whole = Shape(count: count, offset: 0, nulls: .none)
            columns.append(maker.column(shape) { Double.draw(&$0) }.column)
            columns.append(maker.column(whole) { Double($0.below(3)) }.column)
            columns.append(maker.column(whole) { _ in 7.5 }.column)
            columns.append(Column((0..<count).map { Double($0) }))
            columns.append(Column((0..<count).map { Double(count - $0) }))
            columns.append(Column((0..<count).map { $0 % 64 == 0 ? 1e9 : Double($0 % 7) }))
            columns.append(maker.column(shape) { Float.draw(&$0) }.column)
            columns.append(maker.column(shape) { Int8.draw(&$0) }.column)
            columns.append(maker.column(shape) { Int64(bitPattern: $0.next()) >> 12 }.column)
            columns.append(maker.column(shape) { $0.next() >> 11 }.column)
            columns.append(maker.column(shape, type: .date32) { Int32($0.below(40_000)) - 20_000 }.column)
            if count < 5_000 {
                columns.append(
                    maker.column(shape, type: .decimal(precision: 30, scale: 0)) {
                        Int128($0.below(1 << 40)) << 10 - Int128(1 << 49)
                    }.column)
            }
        }
        return columns
    }

    @Test func quantilesOfColumnsAreThoseOfTheSortedValues() throws {
        var maker = ColumnMaker(seed: 71)
        for column in columns(&maker) {
            let descriptions = Self.methods.flatMap { method in
                Self.shares.map { description($0, method, column.type) }
            }
            let sorted = sorted((0..<column.count).map { number(column, at: $0) })
            for (result, description) in zip(reduced(column, &maker, descriptions), descriptions) {
                guard case .quantile(let share, let method) = description.function else { continue }
                try result.checkInvariants()
                #expect(result.type == description.result && result.count == 1)
                let (found, expected) = (number(result, at: 0), expected(sorted, share, method))
                #expect(
                    isSame(found, expected),
                    "\(method) \(share) of \(column.count) \(column.type): \(String(describing: found))")
            }
        }
    }

    @Test func quantilesOfGroupsAreThoseOfTheirRows() throws {
        var maker = ColumnMaker(seed: 72)
        for column in columns(&maker) where column.count < 5_000 {
            let groups = 1 + maker.below(9)
            let ids = (0..<column.count).map { _ in Int32(maker.below(2) == 0 ? 0 : maker.below(groups)) }
            let descriptions = Self.methods.map { description(Self.shares[maker.below(8)], $0, column.type) }
            let reductions = descriptions.makeGroupedReductions()
            var start = 0
            while start < column.count {
                let rows = min(column.count - start, 1 + maker.below(column.count))
                for reduction in reductions {
                    reduction.grow(to: start == 0 ? max(1, groups / 2) : groups)
                    reduction.grow(to: groups)
                    ids[start..<start + rows].withUnsafeBufferPointer {
                        reduction.update(column.slice(start..<start + rows), ids: $0.baseAddress!, count: rows)
                    }
                }
                start += rows
            }
            for reduction in reductions { reduction.grow(to: groups) }
            for (reduction, description) in zip(reductions, descriptions) {
                guard case .quantile(let share, let method) = description.function else { continue }
                let cut = maker.below(groups + 1)
                for range in [0..<cut, cut..<groups] {
                    let result = try reduction.finish(range)
                    try result.checkInvariants()
                    for group in range {
                        let rows = (0..<column.count).filter { ids[$0] == Int32(group) }
                        let expected = expected(sorted(rows.map { number(column, at: $0) }), share, method)
                        let found = number(result, at: group - range.lowerBound)
                        #expect(isSame(found, expected), "\(method) \(share) of \(rows.count) \(column.type)")
                    }
                }
            }
        }
    }

    /// So few values that a sample of the rows hardly meets one.
    @Test func valuesAmongMillionsOfNulls() throws {
        let (rows, first) = (40_000_000, 39_960_000)
        let region = MemoryRegion(of: Int8.self, count: rows, zeroed: true)
        let validity = MemoryRegion(bits: rows, zeroed: true)
        for row in first..<rows {
            region.bound(to: Int8.self)[row] = Int8(row % 100)
            Bitmap.set(validity.base, at: row, to: true)
        }
        let column = Column(type: .int8, count: rows, values: region, validity: validity)
        let reductions = [description(0.5, .lower, .int8), description(1, .higher, .int8)].makeReductions()
        for reduction in reductions { reduction.consume(column, count: rows) }
        #expect(reductions.map { $0.states()[0].values(as: Int8.self)[0] } == [49, 99])
    }

    @Test func zerosKeepTheirSignWhateverTheOrderOfTheRows() throws {
        for values in [[0.0, -0.0, 0.0], [-0.0, 0.0, 0.0], [0.0, 0.0, -0.0]] {
            var maker = ColumnMaker(seed: 1)
            let results = reduced(
                Column(values), &maker, [description(0, .lower, .float64), description(1, .lower, .float64)])
            #expect(results.map { $0.values(as: Double.self)[0].sign } == [.minus, .plus])
        }
    }
}
