namespace Verathos.Enclave.Platform;

/// <summary>The drivers by name.</summary>
public static class PlatformDrivers
{
    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["simulated", "tdx"];

    /// <summary>Makes a driver.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">What it is told.</param>
    /// <param name="time">The clock of simulated certificates.</param>
    /// <exception cref="PlatformException">The name is unknown, or this machine does not have it; the text says what to do.</exception>
    public static IPlatformDriver Create(string name, PlatformOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return name switch
        {
#if SIMULATOR
            "simulated" => SimulatedDriver.Open(options.InstallationFolder, options.GpuCount, time),
#else
            "simulated" => throw new PlatformException("This program was published for production, without the simulated TEE; take --tee tdx, or build it without -p:VerathosSimulator=false."),
#endif
            "tdx" => new ConfigFsTsmDriver(options),
            _ => throw new PlatformException($"There is no TEE named '{name}'. Known are: {string.Join(", ", Names)}."),
        };
    }
}
