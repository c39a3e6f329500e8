import StoaColumns
import StoaCoreGroups
import StoaPlan
import StoaTasks
import Testing

/// In which order an executor's threads take attempts.
@Suite struct AttemptQueueTests {
    private let work = TaskWork(plan: .input(0, Schema()), output: .block)

    private func attempts(_ job: Int, stage: Int = 0, _ partitions: Range<Int>) -> [TaskDescription] {
        partitions.map {
            TaskDescription(
                id: TaskID(job: JobID(job), stage: StageID(stage), partition: $0, attempt: 1), work: work, inputs: [])
        }
    }

    private func drain(_ queue: inout AttemptQueue) -> [TaskID] {
        var order: [TaskID] = []
        while let next = queue.popFirst() { order.append(next.id) }
        return order
    }

    @Test func jobsTakeTurnsAndKeepTheirOrder() {
        var queue = AttemptQueue()
        queue.append(attempts(1, 0..<4) + attempts(2, 0..<2) + attempts(1, 4..<5))
        queue.append(attempts(3, 0..<1))
        #expect(queue.count == 8)
        let order = drain(&queue)
        #expect(order.map(\.job.value) == [1, 2, 3, 1, 2, 1, 1, 1])
        #expect(order.filter { $0.job.value == 1 }.map(\.partition) == [0, 1, 2, 3, 4])
        #expect(queue.count == 0)
    }

    @Test func attemptsThatComeLaterGoBehind() {
        var queue = AttemptQueue()
        var order: [Int] = []
        for round in 0..<200 {
            queue.append(attempts(1, (round * 3)..<(round * 3 + 3)))
            for _ in 0..<2 { order.append(queue.popFirst()?.id.partition ?? -1) }
        }
        order += drain(&queue).map(\.partition)
        #expect(order == Array(0..<600))
    }

    @Test func whatIsRemovedIsNotTaken() {
        var queue = AttemptQueue()
        let (one, two) = (attempts(1, 0..<6), attempts(2, 0..<2))
        queue.append(one + two)
        let first = queue.popFirst()
        #expect(first?.id == one[0].id)
        let wanted = Set([one[0], one[2], one[5], two[0], two[1]].map(\.id))
        let removed = queue.remove(wanted)
        #expect(Set(removed) == wanted.subtracting([one[0].id]))
        #expect(queue.count == 3)
        let none = queue.remove(wanted)
        #expect(none.isEmpty)
        let rest = drain(&queue)
        #expect(rest == [one[1], one[3], one[4]].map(\.id))
    }
}
