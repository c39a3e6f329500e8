/// Where executors keep the partitions of a persisted dataset. Answers have the same bits at any level.
public enum StorageLevel: String, Hashable, Codable, Sendable, CaseIterable {
    /// In memory. Under a tight memory limit the partition that was not read for longest is given up, and made again from
    /// what it came from when a job reads it.
    case memory
    /// In memory. Under a tight limit the partition that was not read for longest moves to a file in the session's folder.
    case memoryAndDisk
    /// In a file in the session's folder, brought back each time it is read.
    case disk
}
