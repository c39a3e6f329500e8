import Foundation
import StoaColumns
import StoaKernels
import Testing

@Suite struct PairReductionTests {
    private static let functions: [ReductionFunction] = [
        .covariance(deltaDegrees: 1), .covariance(deltaDegrees: 0), .correlation,
    ]

    private func description(_ function: ReductionFunction, _ type: DataType) -> ReductionDescription {
        let sums = type == .float64 ? DataType.float64 : .decimal(precision: 38, scale: 0)
        return ReductionDescription(
            function: function, argument: type, result: .float64, text: "\(function)",
            states: [.int64] + Array(repeating: sums, count: 5))
    }

    /// By the definition, in two passes; nil when there are too few pairs.
    private func expected(_ function: ReductionFunction, _ pairs: [(Double, Double)]) -> Double? {
        let count = Double(pairs.count)
        let meanX = pairs.reduce(0) { $0 + $1.0 / count }
        let meanY = pairs.reduce(0) { $0 + $1.1 / count }
        func sum(_ term: (Double, Double) -> Double) -> Double {
            pairs.reduce(0) { $0 + term($1.0 - meanX, $1.1 - meanY) }
        }
        switch function {
        case .covariance(let delta):
            return pairs.count <= delta ? nil : sum { $0 * $1 } / (count - Double(delta))
        case .correlation:
            return pairs.count < 2
                ? nil : sum { $0 * $1 } / (sum { x, _ in x * x } * sum { _, y in y * y }).squareRoot()
        default: return nil
        }
    }

    private func value(_ column: Column, at row: Int = 0) -> Double? {
        column.isNull(at: row) ? nil : column.values(as: Double.self)[row]
    }

    private func isClose(_ found: Double?, _ expected: Double?, scale: Double = 0) -> Bool {
        guard let found, let expected else { return found == nil && expected == nil }
        if expected.isNaN || found.isNaN { return expected.isNaN && found.isNaN }
        return abs(found - expected) <= 1e-9 * max(abs(expected), scale)
    }

    /// Two columns of a type with nulls of their own, and the pairs that count.
    private func columns(_ type: DataType, _ maker: inout ColumnMaker, _ count: Int, wide: Bool) -> (Column, Column) {
        let shapes = [1, 2].map { Shape(count: count, offset: $0 * 3, nulls: .allCases[(count / $0) % 4]) }
        switch type {
        case .int32:
            let draw = { (maker: inout ColumnMaker) in wide ? Int32.draw(&maker) : Int32(maker.below(15)) - 3 }
            return (maker.column(shapes[0], draw).column, maker.column(shapes[1], draw).column)
        case .int64:
            let draw = { (maker: inout ColumnMaker) in Int64(maker.below(wide ? 1 << 32 : 100)) }
            return (maker.column(shapes[0], draw).column, maker.column(shapes[1], draw).column)
        default:
            let draw = { (maker: inout ColumnMaker) in Double(maker.below(1 << 20)) / 64 + (wide ? 1e9 : 0) }
            return (maker.column(shapes[0], draw).column, maker.column(shapes[1], draw).column)
        }
    }

    private func number(_ column: Column, at row: Int) -> Double? {
        if column.isNull(at: row) { return nil }
        return switch column.type {
        case .int32: Double(column.values(as: Int32.self)[row])
        case .int64: Double(column.values(as: Int64.self)[row])
        default: column.values(as: Double.self)[row]
        }
    }

    @Test(arguments: [DataType.int32, .int64, .float64], [false, true])
    func relationsOfColumnsAndGroups(_ type: DataType, wide: Bool) throws {
        var maker = ColumnMaker(seed: 81)
        for count in [0, 1, 2, 3, 63, 64, 65, 1_000, 1_024, 2_500, 20_000] {
            let (x, y) = columns(type, &maker, count, wide: wide)
            let groups = 4
            let ids = (0..<count).map { _ in Int32(maker.below(3)) }
            let pairs = (0..<count).map { row in number(x, at: row).flatMap { x in number(y, at: row).map { (x, $0) } }
            }
            for function in Self.functions {
                let description = description(function, type)
                let total = description.makeReduction()
                let grouped = description.makeGroupedReduction()
                // The second half of the rows goes through states, as from another task.
                let other = description.makeGroupedReduction()
                grouped.grow(to: groups)
                other.grow(to: groups)
                var start = 0
                while start < count {
                    let rows = min(count - start, 1 + maker.below(count))
                    let (first, second) = (x.slice(start..<start + rows), y.slice(start..<start + rows))
                    total.consume(first, second, count: rows)
                    ids[start..<start + rows].withUnsafeBufferPointer {
                        (start < count / 2 ? grouped : other).update(first, second, ids: $0.baseAddress!, count: rows)
                    }
                    start += rows
                }
                [Int32](0..<Int32(groups)).withUnsafeBufferPointer {
                    grouped.merge(other.states(0..<groups), ids: $0.baseAddress!, count: groups)
                }
                let one = description.makeGroupedReduction()
                one.grow(to: 1)
                [Int32](repeating: 0, count: 1).withUnsafeBufferPointer {
                    one.merge(total.states(), ids: $0.baseAddress!, count: 1)
                }
                let scale = function == .correlation ? 1.0 : 0
                let all = pairs.compactMap { $0 }
                #expect(
                    isClose(value(try one.finish(0..<1)), expected(function, all), scale: scale + spread(all)),
                    "\(function) of \(all.count) pairs of \(type)")
                let result = try grouped.finish(0..<groups)
                try result.checkInvariants()
                for group in 0..<groups {
                    let rows = (0..<count).filter { ids[$0] == Int32(group) }.compactMap { pairs[$0] }
                    #expect(
                        isClose(value(result, at: group), expected(function, rows), scale: scale + spread(rows)),
                        "\(function) of group \(group), \(rows.count) pairs of \(type)")
                }
            }
        }
    }

    /// What covariances of these pairs are of the size of.
    private func spread(_ pairs: [(Double, Double)]) -> Double {
        guard let low = pairs.map(\.0).min(), let high = pairs.map(\.0).max() else { return 0 }
        return (high - low) * (high - low) / 100
    }

    @Test func integersAreExact() throws {
        // Deviations of one at the far end of the range: squares of sums would lose them in float64.
        let x = (0..<1_000).map { Int32.max - Int32($0 % 2) }
        for (y, expected) in [(x, 1.0), (x.map { -$0 }, -1.0)] {
            let correlation = description(.correlation, .int32).makeReduction()
            correlation.consume(Column(x), Column(y), count: x.count)
            let covariance = description(.covariance(deltaDegrees: 0), .int32).makeReduction()
            covariance.consume(Column(x), Column(y), count: x.count)
            let states = [correlation, covariance].map { $0.states() }
            let results = try zip(states, [ReductionFunction.correlation, .covariance(deltaDegrees: 0)]).map {
                let group = description($1, .int32).makeGroupedReduction()
                group.grow(to: 1)
                [Int32(0)].withUnsafeBufferPointer { [states = $0] ids in
                    group.merge(states, ids: ids.baseAddress!, count: 1)
                }
                return value(try group.finish(0..<1))
            }
            #expect(results == [expected, expected * 0.25])
        }
    }

    /// States are asked for range by range, and rows may come between.
    @Test func rangesOfGroupsAndLaterRows() throws {
        let covariance = description(.covariance(deltaDegrees: 0), .int32)
        let groups = covariance.makeGroupedReduction()
        let ids = (0..<300).map { Int32($0 % 3) }
        let x = Column((0..<300).map { Int32($0) })
        for round in 1...2 {
            groups.grow(to: 3)
            ids.withUnsafeBufferPointer { groups.update(x, x, ids: $0.baseAddress!, count: 300) }
            for group in 0..<3 {
                let states = groups.states(group..<group + 1)
                let counted = withExtendedLifetime(states) { states[0].values(as: Int64.self)[0] }
                #expect(counted == Int64(100 * round))
                #expect(value(try groups.finish(group..<group + 1)) == 7_499.25)
            }
        }
    }

    @Test func whatDoesNotVaryHasNoCorrelation() throws {
        for type in [DataType.int32, .float64] {
            let x = type == .int32 ? Column([Int32(3), 3, 3]) : Column([3.5, 3.5, 3.5])
            let y = type == .int32 ? Column([Int32(1), 2, 5]) : Column([1.0, 2, 5])
            let group = description(.correlation, type).makeGroupedReduction()
            group.grow(to: 1)
            [Int32](repeating: 0, count: 3).withUnsafeBufferPointer {
                group.update(x, y, ids: $0.baseAddress!, count: 3)
            }
            #expect(value(try group.finish(0..<1))?.isNaN == true)
        }
    }

    @Test func floatsGiveTheSameBitsHoweverTheyAreCut() throws {
        var maker = ColumnMaker(seed: 83)
        let (x, y) = columns(.float64, &maker, 9_000, wide: true)
        var bits: Set<[UInt64]> = []
        for _ in 0..<8 {
            let reduction = description(.correlation, .float64).makeReduction()
            var start = 0
            while start < x.count {
                let rows = min(x.count - start, 1 + maker.below(3_000))
                reduction.consume(x.slice(start..<start + rows), y.slice(start..<start + rows), count: rows)
                start += rows
            }
            bits.insert(reduction.states().dropFirst().map { $0.values(as: Double.self)[0].bitPattern })
        }
        #expect(bits.count == 1)
    }
}
