import StoaDriver

extension SessionConfiguration {
    /// What the driver needs to know of the options.
    var driverOptions: DriverOptions {
        var driver = DriverOptions()
        driver.maximumAttempts = value(\.maximumAttempts)
        driver.speculation = options.speculation ?? (options.cluster.kind == .processes) ? SpeculationOptions() : nil
        let timeout: Duration = value(\.cancellationTimeout)
        driver.cancellationNanoseconds = timeout.nanoseconds
        driver.stopPatienceNanoseconds = min(driver.stopPatienceNanoseconds, timeout.nanoseconds)
        if let maximum = options.maximumExecutors {
            var allocation = AllocationOptions(minimum: value(\.minimumExecutors), maximum: maximum)
            let idle: Duration = value(\.executorIdleTime)
            allocation.idleNanoseconds = idle.nanoseconds
            driver.allocation = allocation
        }
        return driver
    }
}

extension Duration {
    /// In whole nanoseconds.
    var nanoseconds: Int { Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000) }
}
