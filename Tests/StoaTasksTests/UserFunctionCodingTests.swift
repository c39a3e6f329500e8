import FoundationEssentials
import StoaColumns
import StoaPlan
import StoaTasks
import Testing

struct AddConstants: BatchFunction, Equatable {
    var constants: [Double]
    var single: Float = 0.1
    var names: [String: Int] = [:]
    var optional: Double?

    func outputSchema(for input: Schema) throws -> Schema { input }
    func callAsFunction(_ batch: Batch) throws -> Batch { batch }
}

struct Scaled<Value: Codable & Sendable>: BatchFunction {
    var factor: Value

    func outputSchema(for input: Schema) throws -> Schema { input }
    func callAsFunction(_ batch: Batch) throws -> Batch { batch }
}

enum RowCount: BatchAggregate {
    case plain
    case weighted(by: Double)

    func initialState() -> Int { 0 }
    func consume(_ batch: Batch, into state: inout Int) { state += batch.rowCount }
    func merge(_ other: Int, into state: inout Int) { state += other }
    func finish(_ state: Int) -> Double {
        if case .weighted(let weight) = self { Double(state) * weight } else { Double(state) }
    }
}

enum Functions {
    struct Nested: BatchFunction {
        var value: Int

        func outputSchema(for input: Schema) throws -> Schema { input }
        func callAsFunction(_ batch: Batch) throws -> Batch { batch }
    }
}

private struct Hidden: BatchFunction {
    func outputSchema(for input: Schema) throws -> Schema { input }
    func callAsFunction(_ batch: Batch) throws -> Batch { batch }
}

struct Unencodable: BatchFunction {
    init() {}
    init(from decoder: any Decoder) throws {}
    func encode(to encoder: any Encoder) throws { throw StoaError(.unsupported, "never") }
    func outputSchema(for input: Schema) throws -> Schema { input }
    func callAsFunction(_ batch: Batch) throws -> Batch { batch }
}

@Suite struct UserFunctionCodingTests {
    /// The function after a journey, as another process would get it.
    private func sent(_ function: UserFunction) throws -> UserFunction {
        try JSONDecoder().decode(UserFunction.self, from: JSONEncoder().encode(function))
    }

    @Test func floatsKeepTheirBits() throws {
        var values: [Double] = [
            .nan, .infinity, -.infinity, 0, -0.0, 0.1, 1 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e300,
            -.leastNormalMagnitude / 3, 123_456_789.123_456_78, 9_007_199_254_740_992,
        ]
        var state: UInt64 = 42
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            values.append(Double(bitPattern: state ^ (state >> 29)))
        }
        let function = AddConstants(constants: values, single: .nan, names: ["b": 2, "a": 1], optional: -0.0)
        let decoded = try #require(try sent(UserFunction(encoding: function)).batchFunction() as? AddConstants)
        #expect(decoded.constants.count == values.count)
        for (value, other) in zip(values, decoded.constants) {
            #expect(value.isNaN ? other.isNaN : value.bitPattern == other.bitPattern, "\(value)")
        }
        #expect(decoded.single.isNaN)
        #expect(decoded.names == function.names)
        #expect(decoded.optional?.bitPattern == (-0.0).bitPattern)
    }

    @Test func equalInstancesEncodeEqually() throws {
        let first = AddConstants(constants: [1], names: ["x": 1, "y": 2, "z": 3])
        let second = AddConstants(constants: [1], names: ["z": 3, "y": 2, "x": 1])
        #expect(try UserFunction(encoding: first) == UserFunction(encoding: second))
    }

    @Test func genericNestedAndEnumTypes() throws {
        let scaled = try sent(UserFunction(encoding: Scaled(factor: [1.5, .nan]))).batchFunction()
        #expect((scaled as? Scaled<[Double]>)?.factor.count == 2)
        let nested = try sent(UserFunction(encoding: Functions.Nested(value: 3))).batchFunction()
        #expect((nested as? Functions.Nested)?.value == 3)
        let aggregate = try sent(UserFunction(encoding: RowCount.weighted(by: .infinity))).batchAggregate()
        guard case .weighted(by: .infinity)? = aggregate as? RowCount else {
            Issue.record("decoded \(aggregate)")
            return
        }
    }

    @Test func mistakesAreNamed() throws {
        #expect(throws: StoaError.self) { try UserFunction(encoding: Unencodable()) }

        func code(_ body: () throws(StoaError) -> Void) -> StoaError.Code? {
            do throws(StoaError) { try body() } catch { return error.code }
            return nil
        }
        struct Local: BatchFunction {
            func outputSchema(for input: Schema) throws -> Schema { input }
            func callAsFunction(_ batch: Batch) throws -> Batch { batch }
        }
        #expect(code { () throws(StoaError) in _ = try UserFunction(encoding: Local()) } == .unsupported)
        #expect(code { () throws(StoaError) in _ = try UserFunction(encoding: Hidden()) } == .unsupported)
        let function = try UserFunction(encoding: AddConstants(constants: []))
        #expect(code { () throws(StoaError) in _ = try function.batchAggregate() } == .typeMismatch)
        let unknown = UserFunction(typeName: "10NoSuchType", payload: function.payload)
        #expect(code { () throws(StoaError) in _ = try unknown.batchFunction() } == .unknownName)
        let broken = UserFunction(typeName: function.typeName, payload: Array("{}".utf8))
        #expect(code { () throws(StoaError) in _ = try broken.batchFunction() } == .invalidArgument)
        #expect(function.printedTypeName == "AddConstants")
    }

    @Test func manyFunctionsAtOnce() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let function = try UserFunction(encoding: AddConstants(constants: [Double(number % 40)]))
                    let decoded = try function.batchFunction() as? AddConstants
                    return decoded?.constants == [Double(number % 40)]
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
