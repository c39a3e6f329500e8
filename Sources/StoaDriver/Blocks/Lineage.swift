import StoaPlan

/// How a dataset can be computed again: a stage of the job that computed it, and the same of the datasets that it read. Kept as
/// long as the dataset is held, or one that was made from it.
final class Lineage {
    let outline: JobOutline
    let stage: Int
    let datasets: [DatasetID: DatasetOrigin]

    init(outline: JobOutline, stage: Int, datasets: [DatasetID: DatasetOrigin]) {
        self.outline = outline
        self.stage = stage
        self.datasets = datasets
    }
}

/// Where a dataset comes from.
enum DatasetOrigin {
    case computed(Lineage)
    /// The session has put it on executors.
    case given
}
