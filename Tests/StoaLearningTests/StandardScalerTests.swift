import Stoa
import StoaLearning
import Testing

@Suite struct StandardScalerTests {
    private func frame() throws -> DataFrame {
        try Session(cluster: .embedded(threadsPerExecutor: 2)).dataFrame(
            [
                "x": Column([1.0, 2, nil, 3]), "n": Column([10, 20, 30, 40]), "same": Column([7, 7, 7, 7]),
                "flag": Column([true, false, true, true]),
                "price": Column(decimals: [100, 200, 300, nil], precision: 9, scale: 2),
                "text": Column(["a", "b", "c", "d"]),
                "none": Column([nil, nil, nil, nil] as [Double?]),
            ], rowsPerPartition: 3)
    }

    @Test func meansAndDeviationsAreThoseOfTheValues() async throws {
        let scaler = try await StandardScaler.fit(["x", "n", "same", "flag", "price"], on: try frame())
        #expect(scaler.means == [2, 25, 7, 0.75, 2])
        let expected = [(2.0 / 3).squareRoot(), 125.0.squareRoot(), 0, (3.0 / 16).squareRoot(), (2.0 / 3).squareRoot()]
        for (value, other) in zip(scaler.deviations, expected) { #expect(abs(value - other) < 1e-15) }
    }

    @Test func scaledColumnsHaveMeanZeroAndDeviationOne() async throws {
        let frame = try frame()
        let scaler = try await StandardScaler.fit(["x", "n", "same", "flag"], on: frame)
        let scaled = scaler.transform(frame)
        let names = try scaled.schema.names
        #expect(try names == frame.schema.names)
        let result = try await scaled.collect()
        #expect(try result["same", as: Double.self] == [0, 0, 0, 0])
        let values = try result["x", as: Double?.self]
        #expect(values[1] == 0 && values[2] == nil)
        let again = try await StandardScaler.fit(["x", "n", "flag"], on: scaled)
        for mean in again.means { #expect(abs(mean) < 1e-15) }
        for deviation in again.deviations { #expect(abs(deviation - 1) < 1e-15) }
    }

    @Test func mistakesAreNamed() async throws {
        func error(_ name: String) async throws -> StoaError? {
            let frame = try frame()
            return await #expect(throws: StoaError.self) { try await StandardScaler.fit([name], on: frame) }
        }
        let text = try await error("text")
        #expect(text?.code == .typeMismatch && text?.location.column == "text")
        let none = try await error("none")
        #expect(none?.code == .invalidArgument && none?.location.column == "none")
        #expect(try await error("nx")?.code == .unknownColumn)
    }
}
