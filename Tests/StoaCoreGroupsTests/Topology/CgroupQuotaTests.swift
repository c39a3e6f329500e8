import FoundationEssentials
import StoaCoreGroups
import Testing

/// Limits on CPU time, read from hierarchies laid out in a temporary folder.
@Suite struct CgroupQuotaTests {
    private func withHierarchy(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "stoa-cgroup-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (name, text) in files {
            let file = root.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try body(root.path)
    }

    @Test func theNarrowestOnTheWayCounts() throws {
        let files = [
            "cpu.max": "max 100000\n", "a/cpu.max": "150000 100000\n", "a/b/cpu.max": "200000 100000\n",
            "c/cpu.max": "max 100000\n",
        ]
        try withHierarchy(files) { root in
            #expect(CgroupQuota.quota(membership: "0::/a/b\n", root: root) == 1.5)
            #expect(CgroupQuota.quota(membership: "0::/a\n", root: root) == 1.5)
            #expect(CgroupQuota.quota(membership: "0::/c\n", root: root) == nil)
            #expect(CgroupQuota.quota(membership: "0::/\n", root: root) == nil)
            #expect(CgroupQuota.quota(membership: "0::/gone\n", root: root) == nil)
        }
    }

    @Test func versionOne() throws {
        let files = [
            "cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ]
        try withHierarchy(files) { root in
            #expect(CgroupQuota.quota(membership: "4:memory:/a\n3:cpu,cpuacct:/a\n", root: root) == 0.5)
            #expect(CgroupQuota.quota(membership: "3:cpu,cpuacct:/\n", root: root) == nil)
        }
    }

    @Test func nonsenseIsNoLimit() throws {
        try withHierarchy(["cpu.max": "a lot\n"]) { root in
            #expect(CgroupQuota.quota(membership: "0::/\nnonsense\n", root: root) == nil)
            #expect(CgroupQuota.quota(membership: "", root: root) == nil)
        }
    }
}
