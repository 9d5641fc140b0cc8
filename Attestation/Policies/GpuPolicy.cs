namespace Verathos.Attestation.Policies;

/// <summary>The <c>gpu</c> section: NVIDIA GPU reports.</summary>
public sealed record GpuPolicy
{
    /// <summary><c>gpu.count</c>: how many GPUs a node must show.</summary>
    public required PolicyField<CountRange> Count { get; init; }

    /// <summary><c>gpu.models</c>: accepted boards, each <c>PROJECT_SKU_CHIPSKU</c> as in NVIDIA's VBIOS RIM identifiers.</summary>
    public required PolicyField<IReadOnlyList<string>> Models { get; init; }

    /// <summary><c>gpu.drivers</c>: accepted driver versions.</summary>
    public required PolicyField<IReadOnlyList<string>> Drivers { get; init; }

    /// <summary><c>gpu.vbios</c>: accepted VBIOS versions, formatted as <c>96.00.5E.00.01</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Vbios { get; init; }

    /// <summary><c>gpu.devices</c>: serial numbers of accepted device certificates, in hexadecimal.</summary>
    public required PolicyField<IReadOnlyList<string>> Devices { get; init; }

    /// <summary><c>gpu.modes</c>: accepted feature flags of the report: <c>SPT</c>, <c>MPT</c>, <c>PPCIE</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Modes { get; init; }

    /// <summary><c>gpu.confidentialMode</c>: only <c>"on"</c> exists: the measured enclave found it on, and bound that.</summary>
    public required PolicyField<bool> ConfidentialModeOn { get; init; }

    /// <summary><c>gpu.devTools</c>: only <c>"off"</c> exists: the measured enclave found DEVTOOLS mode off, and bound that.</summary>
    public required PolicyField<bool> DevToolsOff { get; init; }

    /// <summary><c>gpu.measurements</c>: only <c>"equal"</c> exists: driver and VBIOS measurements equal signed references.</summary>
    public required PolicyField<bool> Measurements { get; init; }
}
