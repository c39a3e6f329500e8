import StoaTasks

/// placeholder until join
final class SharedBuildTables: Sendable {
    func drop(_ blocks: [BlockID]) {}
}
