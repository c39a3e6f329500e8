/// One line of the orchestrator.
struct Request: Decodable {
    let `do`: String
    let threads: Int?
    let workload: String?
    let variant: String?
    let paths: [String: String]?
    let query: String?
}
