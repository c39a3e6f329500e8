import StoaColumns
import StoaPlan
import Testing

/// The shape of stage graphs depends on the number of partitions and their sizes alone.
@Suite struct StageShapeTests {
    private func graph(_ plan: LogicalPlan, slices: Int, bytes: Int = 1000, _ action: PlanAction = .rows) throws
        -> StageGraph
    {
        let file = TestCatalog.File(
            schema: Schema([Field("a", .int64), Field("s", .utf8)]), slices: slices, rowsPerSlice: nil,
            bytesPerSlice: bytes)
        return try QueryPlanner(catalog: TestCatalog(files: ["data": file, "other": file])).plan(plan, for: action)
            .graph
    }

    /// Every state is merged exactly once, neighbours in order, by a tree of at most two levels above the partitions.
    @Test(arguments: Array(1...40) + [64, 100, 101, 1000]) func treesCoverEveryPartition(_ slices: Int) throws {
        let total = LogicalPlan.aggregate(keys: [], aggregates: [sum("a")], scan("data"))
        let function = PlanAction.aggregate(UserFunction(typeName: "F", payload: []))
        for graph in [try graph(total, slices: slices), try graph(scan("data"), slices: slices, function)] {
            #expect(graph.result.tasks.count == 1)
            #expect(graph.stages.count <= 3)
            for stage in graph.stages.dropFirst() {
                var covered: [Int] = []
                for task in stage.tasks {
                    guard case .blocks(let parent, let partitions, nil) = task.inputs[0] else {
                        Issue.record("a merge reads \(task.inputs)")
                        return
                    }
                    #expect(parent.value == stage.id.value - 1)
                    #expect(partitions.count <= Int(Double(slices).squareRoot()) + 3)
                    covered += partitions
                }
                #expect(covered == Array(0..<graph.stages[stage.id.value - 1].tasks.count))
            }
        }
    }

    @Test func onePartitionNeedsNoExchange() throws {
        let plans: [LogicalPlan] = [
            .aggregate(keys: [col("s")], aggregates: [sum("a")], scan("data")),
            .aggregate(keys: [], aggregates: [sum("a")], scan("data")), .distinct(scan("data")),
            .sort([asc("a")], scan("data")), .limit(skip: 1, count: 5, scan("data")),
            .limit(
                skip: 0, count: 3, .sort([desc("s")], .aggregate(keys: [col("s")], aggregates: [count()], scan("data")))
            ),
        ]
        for plan in plans { #expect(try graph(plan, slices: 1).stages.count == 1, "\(plan)") }
        let write = PlanAction.writeFile(FileSink(path: "out.csv", format: .parquet))
        #expect(try graph(scan("data"), slices: 1, write).stages.count == 1)
    }

    @Test(arguments: [(2, 2), (16, 16), (200, 16)]) func bucketsFollowPartitions(_ slices: Int, _ buckets: Int) throws {
        let graph = try graph(.distinct(scan("data")), slices: slices)
        #expect(graph.stages[0].tasks.count == slices)
        guard case .buckets(let keys, let count) = graph.stages[0].output else {
            Issue.record("a grouping exchanges, not \(graph.stages[0].output)")
            return
        }
        #expect(count == buckets)
        #expect(keys.map(\.columnIndex) == [0, 1])
        #expect(graph.result.tasks.count == buckets)
    }

    @Test func joinsBroadcastWhatIsSmallForSure() throws {
        let join = LogicalPlan.join(
            .inner, keys: [JoinKey("s")], left: scan("data"),
            right: .rename([Renaming(from: "a", to: "b")], scan("other")))
        let small = try graph(join, slices: 4, bytes: 1 << 20)
        #expect(small.stages.count == 2)
        #expect(small.result.tasks.count == 4)
        let large = try graph(join, slices: 4, bytes: 1 << 30)
        #expect(large.stages.count == 3)
        #expect(large.stages[0].output != .block)
        // Results of joins have no bound, so that they are never the side that everyone copies.
        let aggregated = LogicalPlan.aggregate(keys: [], aggregates: [count()], .filter(col("a") > 0, join))
        #expect(try graph(aggregated, slices: 4, bytes: 1 << 20).stages.count == 3)
    }

    @Test func aScanWithoutPartitionsIsOurMistake() throws {
        let error = try #require(throws: StoaError.self) { try graph(scan("data"), slices: 0) }
        #expect(error.code == .engineFailed)
        #expect(error.source == .engine)
    }

    @Test func foldersGetAFileAPartition() throws {
        let graph = try graph(scan("data"), slices: 3, .writeFolder("/out/", .csv(CSVOptions())))
        guard case .files(let sinks) = graph.result.output else {
            Issue.record("a folder is files, not \(graph.result.output)")
            return
        }
        #expect(sinks.map(\.path) == ["/out/part-00000.csv", "/out/part-00001.csv", "/out/part-00002.csv"])
    }

    /// The same plan is cut the same way every time.
    @Test func planningIsDeterministic() throws {
        for seed in UInt64(0)..<100 {
            var random = RandomPlans(seed: seed)
            let catalog = random.catalog()
            let plan = random.plan(depth: 4)
            let planner = QueryPlanner(catalog: catalog)
            #expect(try planner.plan(plan, for: .rows) == planner.plan(plan, for: .rows))
        }
    }
}
