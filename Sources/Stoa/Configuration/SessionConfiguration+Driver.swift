import StoaDriver

extension SessionConfiguration {
    /// What the driver needs to know of the options.
    var driverOptions: DriverOptions {
        var driver = DriverOptions()
        driver.maximumAttempts = value(\.maximumAttempts)
        driver.speculation = value(\.speculation) ? SpeculationOptions() : nil
        if let maximum = options.maximumExecutors {
            var allocation = AllocationOptions(minimum: value(\.minimumExecutors), maximum: maximum)
            let idle: Duration = value(\.executorIdleTime)
            allocation.idleNanoseconds =
                Int(idle.components.seconds) * 1_000_000_000 + Int(idle.components.attoseconds / 1_000_000_000)
            driver.allocation = allocation
        }
        return driver
    }
}
