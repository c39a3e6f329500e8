import Glibc
import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("Paths: files, folders, globs")
struct PathExpansionTests {
    let folder = TemporaryFolder()

    init() {
        for name in ["b.csv", "a.csv", "c.csv", ".hidden.csv", "_SUCCESS"] {
            folder.write("x\n\(name)\n", to: name)
        }
    }

    private func files(_ path: String) throws -> [String] {
        try read(FileScan(path: path)).partitions.slices.map { String($0.path.dropFirst(folder.path.count + 1)) }
    }

    @Test func folderInByteOrderWithoutHiddenFiles() throws {
        #expect(try files(folder.path) == ["a.csv", "b.csv", "c.csv"])
        #expect(try read(FileScan(path: folder.path + "/")).rows == [["a.csv"], ["b.csv"], ["c.csv"]])
    }

    @Test func globs() throws {
        #expect(try files(folder.path("*.csv")) == ["a.csv", "b.csv", "c.csv"])
        #expect(try files(folder.path("{c,a}.csv")) == ["a.csv", "c.csv"])
        #expect(try files(folder.path("[a-b].csv")) == ["a.csv", "b.csv"])
        #expect(try files(folder.path("?.csv")).count == 3)
        #expect(stoaError { _ = try files(folder.path("*.parquet")) }.code == .fileNotFound)
    }

    @Test func aFileWithGlobCharactersIsItself() throws {
        folder.write("x\n1\n", to: "[a].csv")
        #expect(try files(folder.path("[a].csv")) == ["[a].csv"])
    }

    @Test func missingFilesNameTheirNeighbours() {
        let near = stoaError { _ = try files(folder.path("a.cvs")) }
        #expect(near.code == .fileNotFound)
        #expect(near.location.file == folder.path("a.cvs"))
        #expect(near.advice.contains("'a.csv'"))
        let nowhere = stoaError { _ = try files(folder.path("none/a.csv")) }
        #expect(nowhere.code == .fileNotFound)
        #expect(nowhere.message.contains("none'"))
    }

    @Test func foldersInFoldersAreNotPassedOver() throws {
        folder.makeFolder("more")
        folder.write("x\n1\n", to: "more/d.csv")
        let error = stoaError { _ = try files(folder.path) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("'more'"))
        #expect(try files(folder.path("*")) == ["a.csv", "b.csv", "c.csv", "more/d.csv"])
    }

    @Test func formatsFollowTheExtension() throws {
        for (name, format) in [
            ("a.csv", FileFormat.csv(CSVOptions())), ("a.tsv", .csv(CSVOptions(delimiter: "\t"))),
            ("a.b.PARQUET", .parquet),
            ("a.arrow", .arrow), ("a.feather", .arrow), ("a.jsonl", .json), ("x/a.ndjson", .json),
        ] {
            #expect(try FileCatalog.format(ofPath: name) == format)
        }
        for name in ["a", "a.doc", "csv", ".csv/a"] {
            #expect(stoaError { _ = try FileCatalog.format(ofPath: name) }.code == .invalidArgument)
        }
        #expect(stoaError { _ = try FileCatalog.format(ofPath: "a.csv.gz") }.code == .unsupported)
        folder.write("x\n", to: "a.jsonl")
        #expect(stoaError { _ = try files(folder.path) }.code == .schemaMismatch)
    }

    @Test func aFileThatChangedIsRefused() throws {
        let path = folder.write("x\n1\n", to: "d.csv")
        let catalog = FileCatalog()
        let scan = FileScan(path: path)
        let slice = try catalog.partitions(of: scan, projection: [0], predicate: nil).slices[0]
        folder.write("x\n1\n2\n", to: "d.csv")
        let error = stoaError { _ = try FileReader(slice) }
        #expect(error.code == .fileChanged && error.message.contains("it had 4 when"))
        #expect(try read(scan, catalog: catalog).rows == [["1"], ["2"]], "the catalog looks again")
        unlink(path)
        #expect(stoaError { _ = try FileReader(slice) }.code == .fileNotFound)
    }
}

@Suite("One schema for several files")
struct SchemaUnionTests {
    let folder = TemporaryFolder()

    @Test func inferredTypesGiveWay() throws {
        folder.write("i,f,n,d,t\n1,1,,2020-01-01,x\n", to: "a.csv")
        folder.write("i,f,n,d,t\n2,2.5,7,2020-01-01 10:00,1\n", to: "b.csv")
        let result = try read(FileScan(path: folder.path))
        #expect(result.schema.fields.map(\.type) == [.int64, .float64, .int64, .timestamp, .utf8])
        #expect(result.rows.map { $0[1] }.count == 2)
        #expect(result.rows[1][4] == "1")
    }

    @Test func namesMustAgree() {
        let first = folder.write("a,b\n1,2\n", to: "a.csv")
        let second = folder.write("a,c\n1,2\n", to: "b.csv")
        let error = stoaError { _ = try read(FileScan(path: folder.path)) }
        #expect(error.code == .schemaMismatch)
        #expect(error.location.file == second)
        #expect(error.location.column == "c")
        #expect(error.message.contains(first))
        folder.write("a\n1\n", to: "b.csv")
        #expect(stoaError { _ = try read(FileScan(path: folder.path)) }.message.contains("1 columns"))
    }

    @Test func statedTypesMustAgree() throws {
        for (name, column) in [("a", Column([Int64(1)])), ("b", Column([Double(1)]))] {
            let batch = try Batch(["x": column])
            let writer = try FileWriter(
                FileSink(path: folder.path(name + ".parquet"), format: .parquet), schema: batch.schema)
            try writer.write(batch)
            try writer.close()
        }
        let error = stoaError { _ = try read(FileScan(path: folder.path)) }
        #expect(error.code == .schemaMismatch)
        #expect(error.location.column == "x")
        let typed = FileScan(path: folder.path("a.parquet"), types: ["x": .utf8])
        #expect(stoaError { _ = try read(typed) }.code == .invalidArgument)
    }
}
