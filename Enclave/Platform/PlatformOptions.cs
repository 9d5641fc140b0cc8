namespace Verathos.Enclave.Platform;

/// <summary>What the drivers are told.</summary>
public sealed record PlatformOptions
{
    /// <summary>How many GPUs the enclave must find; 0 for none.</summary>
    public int GpuCount { get; init; }

    /// <summary>The simulated installation's folder, or null for the user's own.</summary>
    public string? InstallationFolder { get; init; }

    /// <summary>The configfs folder of report entries, or null for <see cref="ConfigFsTsmDriver.DefaultRoot"/>.</summary>
    public string? ConfigFsRoot { get; init; }

    /// <summary>An entry made beforehand, for an enclave that may not make one; null makes one per quote.</summary>
    public string? ConfigFsEntry { get; init; }

    /// <summary>The operator's word that the whole host is inside the measured guest, which alone allows in-process hardware keys.</summary>
    public bool WholeHostMeasured { get; init; }
}
