/// Which value stands for a quantile that falls between two of the n sorted values; p stands at h = (n - 1) p.
package enum QuantileMethod: Hashable, Sendable {
    /// On the line between the neighbours.
    case linear
    /// The neighbour below, or the one above.
    case lower, higher
    /// The nearer neighbour, of two the one with the even number.
    case nearest
    /// The mean of the neighbours.
    case midpoint
    /// Number ceil(n p) - 1.
    case invertedCDF

    /// Whether the result is a float64 between values, not one of them.
    var interpolates: Bool { self == .linear || self == .midpoint }
}

/// One quantile of a column, as it is asked for.
struct QuantileRequest {
    let share: Double
    let method: QuantileMethod

    /// What the description of a quantile asks for.
    init(_ description: ReductionDescription) {
        guard case .quantile(let share, let method) = description.function else {
            preconditionFailure("\(description.text) is no quantile")
        }
        self.share = share
        self.method = method
    }

    /// Where the quantile of `count` values (at least one) stands: between the values of two ranks, equal or neighbours.
    func place(count: Int) -> QuantilePlace {
        let last = Double(count - 1)
        let exact = min(last, max(0, last * share))
        let below = exact.rounded(.down)
        func at(_ rank: Double) -> QuantilePlace {
            let rank = Int(min(last, max(0, rank)))
            return QuantilePlace(lower: rank, upper: rank, weight: 0)
        }
        switch method {
        case .lower: return at(below)
        case .higher: return at(exact.rounded(.up))
        case .nearest: return at(exact.rounded(.toNearestOrEven))
        case .invertedCDF: return at((Double(count) * share).rounded(.up) - 1)
        case .linear, .midpoint:
            if exact == below { return at(below) }
            return QuantilePlace(
                lower: Int(below), upper: Int(below) + 1, weight: method == .linear ? exact - below : 0.5)
        }
    }
}

/// Two ranks and how far the quantile lies from the lower towards the upper.
struct QuantilePlace {
    let lower: Int
    let upper: Int
    let weight: Double

    /// The value between two; a NaN or an infinity of both signs gives NaN.
    func value(_ lower: Double, _ upper: Double) -> Double {
        if self.lower == self.upper || lower == upper { return lower }
        let difference = upper - lower
        // Far apart, the difference overflows where the weighted sum does not.
        if difference.isFinite { return lower + difference * weight }
        return lower * (1 - weight) + upper * weight
    }
}
