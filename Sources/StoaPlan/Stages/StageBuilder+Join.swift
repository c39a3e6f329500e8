import StoaColumns

extension StageBuilder {
    /// Most bytes of a build side that every task of the probe side reads whole.
    static let maximumBroadcastBytes = 32 << 20
    /// Most buckets of the exchanges under a join.
    static let maximumJoinBuckets = 64

    /// A hash join.
    ///
    /// A build side of at most 32 MB for sure is broadcast: the probe side stays where it is. Otherwise both sides are
    /// exchanged on their keys. A left join builds on the right side, an inner join on the side that is smaller for sure, on
    /// the right one when nothing is known.
    mutating func join(_ join: ResolvedJoin, _ schema: Schema, _ left: StageFragment, _ right: StageFragment)
        -> StageFragment
    {
        let leftIsBuild =
            join.kind == .inner && (left.size.bytes ?? Int.max) < (right.size.bytes ?? Int.max)
        let (build, probe) = leftIsBuild ? (left, right) : (right, left)
        let isBroadcast = (build.size.bytes ?? Int.max) <= Self.maximumBroadcastBytes
        let isAlone = build.tasks.count == 1 && probe.tasks.count == 1
        let hashJoin = HashJoin(
            kind: join.kind, buildSide: leftIsBuild ? .left : .right,
            buildKeys: leftIsBuild ? join.leftKeys : join.rightKeys,
            probeKeys: leftIsBuild ? join.rightKeys : join.leftKeys, output: join.output, schema: schema,
            isBroadcast: isBroadcast && !isAlone)
        var fragment =
            isBroadcast || isAlone ? broadcast(hashJoin, build, probe) : exchanged(hashJoin, build, probe)
        fragment.size = .unknown
        return fragment
    }

    /// The build side in one stage, all of whose blocks every task of the probe side reads. A build side that is nothing but
    /// one partition of a held dataset needs no stage.
    private mutating func broadcast(_ join: HashJoin, _ build: StageFragment, _ probe: StageFragment)
        -> StageFragment
    {
        var fragment = probe
        let input: StageInput
        if build.tasks.count == 1, case .input = build.pipelines[0], case .dataset = build.tasks[0].inputs[0] {
            input = build.tasks[0].inputs[0]
        } else {
            input = .blocks(close(build, output: .block), partitions: 0..<build.tasks.count, bucket: nil)
        }
        fragment.append("\(join.kind.rawValue) join", reading: input) { number, probe in
            .join(join, build: .input(number, build.schema), probe: probe)
        }
        fragment.notes.append(
            "\(join.kind.rawValue) join on \(join.keyText): the \(join.buildSide.rawValue) side is "
                + (join.isBroadcast ? "broadcast" : "built in one task")
                + (build.size.bytes.map { ", at most \(Self.text(bytes: $0))" } ?? ", of unknown size"))
        return fragment
    }

    /// Both sides in buckets of their keys' hash.
    private mutating func exchanged(_ join: HashJoin, _ build: StageFragment, _ probe: StageFragment)
        -> StageFragment
    {
        let buckets = min(max(build.tasks.count, probe.tasks.count), Self.maximumJoinBuckets)
        let probeStage = close(probe, output: .buckets(keys: join.probeKeys, count: buckets))
        let buildStage = close(build, output: .buckets(keys: join.buildKeys, count: buckets))
        var fragment = StageFragment(
            reading: (0..<buckets).map { .blocks(probeStage, partitions: 0..<probe.tasks.count, bucket: $0) },
            schema: probe.schema, operators: ["\(join.kind.rawValue) join"], size: .unknown)
        fragment.tasks = fragment.tasks.enumerated().map { bucket, task in
            StageTask(
                inputs: task.inputs + [.blocks(buildStage, partitions: 0..<build.tasks.count, bucket: bucket)])
        }
        fragment.append(nil) { .join(join, build: .input(1, build.schema), probe: $0) }
        fragment.notes.append(
            "\(join.kind.rawValue) join on \(join.keyText): both sides exchanged, "
                + "built from the \(join.buildSide.rawValue) side")
        return fragment
    }

    static func text(bytes: Int) -> String {
        switch bytes {
        case ..<1024: return "\(bytes) B"
        case ..<(1 << 20): return "\(bytes >> 10) KB"
        case ..<(1 << 30): return "\(bytes >> 20) MB"
        default: return "\(bytes >> 30) GB"
        }
    }
}

extension HashJoin {
    /// The probe side's keys as the user wrote them.
    var keyText: String { probeKeys.map(\.text).joined(separator: ", ") }
}
