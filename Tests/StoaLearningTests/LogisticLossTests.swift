import Glibc
import StoaLearning
import StoaTestSupport
import Testing

/// The vectorised loss against the C library's functions.
@Suite struct LogisticLossTests {
    private func one(_ margin: Double, label: Double) -> (loss: Double, residual: Double) {
        var margins = [margin]
        var sums = LogisticLoss()
        #expect(sums.add(&margins, [label], count: 1))
        #expect(sums.residual.bitPattern == margins[0].bitPattern || margins[0].isNaN)
        return (sums.loss, margins[0])
    }

    @Test func agreesWithTheCLibrary() {
        var generator = SplitMix64(seed: 8)
        let edges: [Double] = [0, .leastNonzeroMagnitude, 1e-300, 1e-17, 1e-8, 0.25, 0.5, 1, 17, 36.7, 50, 700, 708]
        let random = (0..<4_000).map { _ in
            Double.random(in: 0...([1e-3, 1, 40, 700].randomElement(using: &generator) ?? 1), using: &generator)
        }
        for margin in (edges + random).flatMap({ [$0, -$0] }) {
            for label in [0.0, 1] {
                let small = exp(-abs(margin))
                let loss = log1p(small) + (max(margin, 0) - label * margin)
                let residual = (margin >= 0 ? 1 : small) / (1 + small) - label
                let (ourLoss, ourResidual) = one(margin, label: label)
                #expect(abs(ourLoss - loss) <= 4 * loss.ulp)
                // Where p and y are close, an error of p shows in full.
                #expect(abs(ourResidual - residual) <= max(4 * residual.ulp, 2 * Double.ulpOfOne * label))
            }
        }
    }

    @Test func extremesStayFinite() {
        for margin in [745, 1e6, 1e300] as [Double] {
            #expect(one(margin, label: 0) == (margin, 1))
            #expect(one(-margin, label: 1) == (margin, -1))
            for (loss, residual) in [one(margin, label: 1), one(-margin, label: 0)] {
                #expect(loss >= 0 && loss < 1e-300 && abs(residual) < 1e-300)
            }
        }
        for margin in [Double.nan, .infinity, -.infinity] {
            for label in [0.0, 1] {
                let (loss, residual) = one(margin, label: label)
                #expect(loss.isNaN || loss == .infinity)
                #expect(residual.isNaN)
            }
        }
    }

    @Test(arguments: 0...49)
    func everyLengthCountsItsRowsAlone(count: Int) {
        var margins = (0..<count + 16).map { Double($0) / 10 - 2 }
        let original = margins
        // Past the end lies what would show.
        let labels = (0..<count + 16).map { $0 < count ? Double($0 % 2) : .nan }
        var sums = LogisticLoss()
        #expect(sums.add(&margins, labels, count: count))
        let expected = (0..<count).map { one(original[$0], label: labels[$0]) }
        #expect(margins[..<count].map(\.bitPattern) == expected.map(\.residual.bitPattern))
        #expect(margins[count...] == original[count...])
        #expect(abs(sums.loss - expected.reduce(0) { $0 + $1.loss }) < 1e-12)
        #expect(abs(sums.residual - expected.reduce(0) { $0 + $1.residual }) < 1e-12)
    }

    @Test(arguments: [2, -1, 0.5, .nan, .infinity, 1e-300, 1 + Double.ulpOfOne])
    func otherLabelsAreSeenInEveryRow(label: Double) {
        for count in [1, 16, 21] {
            for wrong in 0..<count {
                var margins = [Double](repeating: 0, count: count)
                var labels = [Double](repeating: 1, count: count)
                labels[wrong] = label
                var sums = LogisticLoss()
                #expect(!sums.add(&margins, labels, count: count))
            }
        }
    }
}
