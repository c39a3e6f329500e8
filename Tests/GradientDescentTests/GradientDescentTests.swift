import Foundation
import StoaTestSupport
import Testing

/// The example as a user runs it, on the real flights.
@Suite struct GradientDescentTests {
    @Test func learnsFromTheFlights() throws {
        let data = BuiltProgram.root.appendingPathComponent(".deps/data/flights.csv").path
        let outcome = try BuiltProgram.gradientDescent.run([data])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let losses = outcome.output.matches(of: /loss (\d\.\d+)/).compactMap { Double($0.1) }
        #expect(losses.count == 60)
        #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 >= $1 }, "full-batch descent does not climb")
        let accuracy = try #require(outcome.output.firstMatch(of: /accuracy on held-out days +(\d+\.\d+) %/))
        let baseline = try #require(outcome.output.firstMatch(of: /always the more common one +(\d+\.\d+) %/))
        #expect(try #require(Double(accuracy.1)) > #require(Double(baseline.1)) + 5)
        for name in ["dep_delay", "distance", "hour", "month", "intercept"] { #expect(outcome.output.contains(name)) }
    }

    @Test func saysWhatItNeeds() throws {
        #expect(try BuiltProgram.gradientDescent.run([]).status == 64)
        let missing = try BuiltProgram.gradientDescent.run(["/nowhere/flights.csv"])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("/nowhere/flights.csv"))
    }

    @Test func isShort() throws {
        let source = BuiltProgram.root.appendingPathComponent("Sources/GradientDescent/main.swift")
        #expect(try String(contentsOf: source, encoding: .utf8).split(separator: "\n").count < 150)
    }
}
