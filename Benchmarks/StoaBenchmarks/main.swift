import Foundation
import Stoa

// Stoa's side of the benchmark suite: requests on standard input, answers on standard output, a JSON object a line each.
// The words are in Perf/suite/protocol.py.

// The workload of exchanges starts this program again, for its executors.
Session.runExecutorIfStarted()

func serve() async {
    var worker = Worker()
    while let line = readLine(strippingNewline: true) {
        if line.isEmpty { continue }
        let answer = await worker.answer(line)
        FileHandle.standardOutput.write(Data((answer + "\n").utf8))
    }
}

await serve()
