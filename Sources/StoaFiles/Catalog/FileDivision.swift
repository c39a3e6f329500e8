import StoaColumns
import StoaPlan

/// How one file divides into partitions: by the data alone, never by the number of cores.
struct FileDivision {
    let parts: [(part: FileSlice.Part, rowCount: Int?)]
    /// Row groups that statistics ruled out.
    var prunedParts = 0

    /// A partition of row groups or batches is full from so many rows on ...
    static let fullRows = 131_072
    /// ... and is not filled beyond so many, unless one of them alone has more.
    static let mostRows = 1_048_576

    static func text(_ pieces: [TextPiece], of file: FileInspection) -> FileDivision {
        // A line of JSON may hold several objects.
        let isCounted = if case .csv = file.content { true } else { false }
        return FileDivision(
            parts: pieces.map {
                (.bytes($0.range, firstRecord: $0.firstRecord), isCounted ? $0.rowCount : nil)
            })
    }

    static func parquet(
        _ file: FileInspection, schema: Schema, predicate: BoundExpression?
    ) throws(StoaError) -> FileDivision {
        let footer = try ParquetFooter(path: file.key.path)
        var kept: [(index: Int, rows: Int)] = []
        for group in 0..<footer.rowGroupCount {
            let rows = footer.rowCount(ofGroup: group)
            if let predicate {
                let mayHold = try RowGroupPredicate(condition: predicate) { (column) throws(StoaError) in
                    try footer.statistics(ofGroup: group, column: column)
                }.mayHold()
                guard mayHold else { continue }
            }
            kept.append((group, rows))
        }
        return FileDivision(
            parts: joined(kept).map { (.rowGroups($0.members), $0.rows) },
            prunedParts: footer.rowGroupCount - kept.count)
    }

    static func arrow(_ file: FileInspection) throws(StoaError) -> FileDivision {
        let footer = try ArrowFooter(path: file.key.path)
        guard let count = footer.batchCount else {
            return FileDivision(parts: [(.batches(0..<1), nil)])
        }
        var batches: [(index: Int, rows: Int)] = []
        for batch in 0..<count { batches.append((batch, try footer.rowCount(ofBatch: batch))) }
        return FileDivision(
            parts: joined(batches).map { run in
                (.batches(run.members[0]..<run.members[run.members.count - 1] + 1), run.rows)
            })
    }

    /// All parts in one, also when there are none.
    var joined: FileDivision {
        let rows = parts.reduce(0) { $0 + ($1.rowCount ?? 0) }
        let isCounted = parts.allSatisfy { $0.rowCount != nil }
        var groups: [Int] = []
        var batches: Range<Int>?
        for (part, _) in parts {
            switch part {
            case .rowGroups(let members): groups += members
            case .batches(let range):
                batches = min(batches?.lowerBound ?? range.lowerBound, range.lowerBound)..<range.upperBound
            case .bytes: preconditionFailure("text files are read in the parts that they divide into")
            }
        }
        let all: FileSlice.Part = batches.map { .batches($0) } ?? .rowGroups(groups)
        return FileDivision(parts: [(all, isCounted ? rows : nil)], prunedParts: prunedParts)
    }

    /// Neighbours joined until a partition is full.
    private static func joined(_ members: [(index: Int, rows: Int)]) -> [(members: [Int], rows: Int)] {
        var runs: [(members: [Int], rows: Int)] = []
        for (index, rows) in members {
            if let last = runs.last, last.rows < fullRows, last.rows + rows <= mostRows {
                runs[runs.count - 1].members.append(index)
                runs[runs.count - 1].rows += rows
            } else {
                runs.append(([index], rows))
            }
        }
        return runs
    }
}

/// The partitions of a scan while they are gathered.
struct PartitionList {
    private var divisions: [FileDivision] = []

    mutating func add(_ division: FileDivision) {
        divisions.append(division)
    }

    var prunedParts: Int { divisions.reduce(0) { $0 + $1.prunedParts } }

    /// Rows of all partitions when all of them are known.
    var rowCount: Int? {
        var total = 0
        for division in divisions {
            for (_, rows) in division.parts {
                guard let rows else { return nil }
                total += rows
            }
        }
        return total
    }

    func slices(of files: [FileInspection], schema: Schema, projection: [Int]) -> [FileSlice] {
        var slices: [FileSlice] = []
        for (file, division) in zip(files, divisions) {
            for (part, rows) in division.parts {
                slices.append(slice(of: file, part, rows, schema, projection))
            }
        }
        if slices.isEmpty, let file = files.first {
            slices.append(slice(of: file, emptyPart(of: file), 0, schema, projection))
        }
        return slices
    }

    private func slice(
        of file: FileInspection, _ part: FileSlice.Part, _ rows: Int?, _ schema: Schema, _ projection: [Int]
    ) -> FileSlice {
        FileSlice(
            path: file.key.path, format: file.key.format, fileSchema: schema, projection: projection, part: part,
            identity: file.key.identity, rowCount: rows)
    }

    /// A part of no rows: every scan has a partition.
    private func emptyPart(of file: FileInspection) -> FileSlice.Part {
        switch file.content {
        case .csv(_, let inspection):
            .bytes(inspection.dataStart..<inspection.dataStart, firstRecord: inspection.firstRecord)
        case .json: .bytes(0..<0, firstRecord: 1)
        case .parquet: .rowGroups([])
        case .arrow: .batches(0..<0)
        }
    }
}
