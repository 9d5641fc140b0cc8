namespace Verathos.Attestation.Policies;

/// <summary>The <c>gpu</c> section: NVIDIA GPU reports.</summary>
public sealed record GpuPolicy
{
    /// <summary><c>gpu.count</c>: how many GPUs a node or a set must show; NVSwitches do not count.</summary>
    public required PolicyField<CountRange> Count { get; init; }

    /// <summary><c>gpu.models</c>: accepted boards, each <c>PROJECT_SKU_CHIPSKU</c> as in NVIDIA's VBIOS RIM identifiers.</summary>
    public required PolicyField<IReadOnlyList<string>> Models { get; init; }

    /// <summary><c>gpu.drivers</c>: accepted driver versions.</summary>
    public required PolicyField<IReadOnlyList<string>> Drivers { get; init; }

    /// <summary><c>gpu.vbios</c>: accepted VBIOS versions, formatted as <c>96.00.5E.00.01</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Vbios { get; init; }

    /// <summary><c>gpu.devices</c>: serial numbers of accepted device certificates, in hexadecimal.</summary>
    public required PolicyField<IReadOnlyList<string>> Devices { get; init; }

    /// <summary><c>gpu.deniedDevices</c>: serial numbers of device certificates that may not run, in hexadecimal.</summary>
    public required PolicyField<IReadOnlyList<string>> DeniedDevices { get; init; }

    /// <summary><c>gpu.switches</c>: how many NVSwitches may be in the set.</summary>
    public required PolicyField<CountRange> Switches { get; init; }

    /// <summary><c>gpu.switchVbios</c>: accepted firmware versions of NVSwitches.</summary>
    public required PolicyField<IReadOnlyList<string>> SwitchVbios { get; init; }

    /// <summary><c>gpu.modes</c>: accepted feature flags of the report: <c>SPT</c>, <c>MPT</c>, <c>PPCIE</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Modes { get; init; }

    /// <summary><c>gpu.confidentialMode</c>: only <c>"on"</c> exists: the measured enclave found it on, and bound that.</summary>
    public required PolicyField<bool> ConfidentialModeOn { get; init; }

    /// <summary><c>gpu.devTools</c>: only <c>"off"</c> exists: the measured enclave found DEVTOOLS mode off, and bound that.</summary>
    public required PolicyField<bool> DevToolsOff { get; init; }

    /// <summary><c>gpu.measurements</c>: only <c>"equal"</c> exists: driver and VBIOS measurements equal signed references.</summary>
    public required PolicyField<bool> Measurements { get; init; }

    /// <summary><c>gpu.revocation</c>: only <c>"ocsp"</c> exists; waiving it admits devices of which nothing says whether they are revoked.</summary>
    public required PolicyField<bool> OcspRequired { get; init; }

    /// <summary><c>gpu.maxCollateralAgeSeconds</c>: how old an OCSP answer may be, counted from its issue.</summary>
    public required PolicyField<TimeSpan> MaxCollateralAge { get; init; }

    internal static GpuPolicy Read(PolicySection section) => new()
    {
        Count = section.Field<CountRange>("count", PolicyValues.Range(1)),
        Models = section.Field<IReadOnlyList<string>>("models", PolicyValues.Strings),
        Drivers = section.Field<IReadOnlyList<string>>("drivers", PolicyValues.Strings),
        Vbios = section.Field<IReadOnlyList<string>>("vbios", PolicyValues.Strings),
        Devices = section.Field<IReadOnlyList<string>>("devices", PolicyValues.Strings),
        DeniedDevices = section.Field<IReadOnlyList<string>>("deniedDevices", PolicyValues.Strings),
        Switches = section.Field<CountRange>("switches", PolicyValues.Range(0)),
        SwitchVbios = section.Field<IReadOnlyList<string>>("switchVbios", PolicyValues.Strings),
        Modes = section.Field<IReadOnlyList<string>>("modes", PolicyValues.GpuModes),
        ConfidentialModeOn = section.Field<bool>("confidentialMode", PolicyValues.Only("on")),
        DevToolsOff = section.Field<bool>("devTools", PolicyValues.Only("off")),
        Measurements = section.Field<bool>("measurements", PolicyValues.Only("equal")),
        OcspRequired = section.Field<bool>("revocation", PolicyValues.Only("ocsp")),
        MaxCollateralAge = section.Field<TimeSpan>("maxCollateralAgeSeconds", PolicyValues.Seconds),
    };
}
