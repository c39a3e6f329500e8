import Glibc
import Stoa
import StoaTestSupport
import Testing

/// Input files that change while a job reads them: a clear error, and nothing half-written.
@Suite struct ChangedInputTests {
    let session: Session
    let folder: TemporaryFolder

    init() throws {
        // One thread takes the partitions in order.
        session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        folder = try TemporaryFolder()
    }

    @Test(arguments: [("remove", StoaError.Code.fileNotFound), ("append", .fileChanged), ("replace", .fileChanged)])
    func jobsFailAndLeaveNothing(how: String, code: StoaError.Code) async throws {
        for output in ["out.csv", "out.parquet", "out/"] {
            let (first, second) = (try folder.write("x\n1\n", to: "a.csv"), try folder.write("x\n2\n", to: "b.csv"))
            let frame = session.read.csv(folder.path("[ab].csv")).mapBatches(Meddling(how: how, path: second))
            let error = try await #require(throws: StoaError.self) {
                try await output == "out.parquet"
                    ? frame.write.parquet(folder.path(output)) : frame.write.csv(folder.path(output))
            }
            #expect(error.code == code && error.location.file == second && !error.isRetryable, "\(error)")
            let left = how == "remove" ? ["a.csv"] : ["a.csv", "b.csv"]
            #expect(try folder.contents() == left)
            // What is right: read again.
            _ = try folder.write("x\n3\n", to: "b.csv")
            #expect(try await session.read.csv(folder.path("[ab].csv")).count() == 2)
            unlink(first)
        }
    }

    /// What executors hold is what was read: the file is not looked at until it is to be read again.
    @Test func persistedRowsStayWhenTheirFileChanges() async throws {
        let path = try folder.write("x,name\n1,a\n2,b\n", to: "a.csv")
        let frame = session.read.csv(path).persist()
        #expect(try await frame.count() == 2)
        _ = try folder.write("other\n7.5\n", to: "a.csv")
        #expect(try frame.schema.names == ["x", "name"])
        #expect(try await frame.filter(col("name") == "b").collect()["x", as: Int.self] == [2])
        unlink(path)
        #expect(try await frame.agg(sum("x").as("sum")).collect()["sum", as: Int.self] == [3])
        frame.unpersist()
        await #expect { try await frame.count() } throws: { ($0 as? StoaError)?.code == .fileNotFound }
    }
}

/// Changes a file when it meets the row 1.
struct Meddling: BatchFunction {
    let how: String
    let path: String

    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        guard try batch.column("x").array(of: Int64.self).contains(1) else { return batch }
        switch how {
        case "remove": unlink(path)
        case "append":
            guard let file = fopen(path, "a") else { return batch }
            fputs("4\n", file)
            fclose(file)
        default:
            guard let file = fopen(path + ".new", "w") else { return batch }
            fputs("x\n5\n", file)
            fclose(file)
            rename(path + ".new", path)
        }
        return batch
    }
}
