/// "Did you mean" for names a caller mistyped.
public enum NearestNames {
    /// One sentence that offers the nearest names and, when they are few, lists all of them.
    public static func advice(for name: String, among candidates: [String]) -> String {
        guard !candidates.isEmpty else { return "there are no names to choose from" }
        let near = nearest(to: name, among: candidates)
        let listed = candidates.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
        let all = "the names are \(listed)" + (candidates.count > 20 ? " and \(candidates.count - 20) more" : "")
        return near.isEmpty ? all : "did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))? \(all)"
    }

    /// At most three candidates within a third of the name's length in edits, nearest first.
    public static func nearest(to name: String, among candidates: [String]) -> [String] {
        let limit = max(1, name.count / 3)
        return candidates.enumerated()
            .map {
                (distance: distance(name.lowercased(), $0.element.lowercased()), order: $0.offset, name: $0.element)
            }
            .filter { $0.distance <= limit }
            .sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }
            .prefix(3).map(\.name)
    }

    /// Optimal string alignment distance: insertions, deletions, substitutions, transpositions of neighbours.
    private static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.unicodeScalars)
        let b = Array(right.unicodeScalars)
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforePrevious = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in 1...a.count {
            var current = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    current[j] = min(current[j], beforePrevious[j - 2] + 1)
                }
            }
            beforePrevious = previous
            previous = current
        }
        return previous[b.count]
    }
}
