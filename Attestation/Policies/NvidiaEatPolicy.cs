namespace Verathos.Attestation.Policies;

/// <summary>
/// The <c>nvidiaEat</c> section: tokens of NVIDIA's remote attestation service. An expected nonce is required under every policy.
/// </summary>
public sealed record NvidiaEatPolicy
{
    /// <summary><c>nvidiaEat.debug</c>: only <c>"off"</c> exists: <c>dbgstat</c> is <c>disabled</c>.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary><c>nvidiaEat.secureBoot</c>: only <c>"on"</c> exists: <c>secboot</c> is true.</summary>
    public required PolicyField<bool> SecureBootOn { get; init; }

    /// <summary><c>nvidiaEat.measurements</c>: only <c>"success"</c> exists: <c>measres</c>, and the overall result.</summary>
    public required PolicyField<bool> Measurements { get; init; }

    /// <summary><c>nvidiaEat.count</c>: how many GPUs the overall token must name.</summary>
    public required PolicyField<CountRange> Count { get; init; }

    /// <summary><c>nvidiaEat.models</c>: accepted values of <c>hwmodel</c>. GH100 stands for H100 and H200 alike.</summary>
    public required PolicyField<IReadOnlyList<string>> Models { get; init; }

    /// <summary><c>nvidiaEat.drivers</c>: accepted driver versions.</summary>
    public required PolicyField<IReadOnlyList<string>> Drivers { get; init; }

    /// <summary><c>nvidiaEat.vbios</c>: accepted VBIOS versions.</summary>
    public required PolicyField<IReadOnlyList<string>> Vbios { get; init; }

    /// <summary><c>nvidiaEat.devices</c>: devices that may run, by <c>ueid</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Devices { get; init; }

    /// <summary><c>nvidiaEat.deniedDevices</c>: devices that may not run, by <c>ueid</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> DeniedDevices { get; init; }

    /// <summary><c>nvidiaEat.keys</c>: the keys that may sign, by thumbprint (RFC 7638 with SHA-256), 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Keys { get; init; }

    /// <summary><c>nvidiaEat.maxTokenAgeSeconds</c>: how old a token may be, counted from <c>iat</c>, or <c>nbf</c> where that is absent.</summary>
    public required PolicyField<TimeSpan> MaxTokenAge { get; init; }

    internal static NvidiaEatPolicy Read(PolicySection section) => new()
    {
        DebugOff = section.Field<bool>("debug", PolicyValues.Only("off")),
        SecureBootOn = section.Field<bool>("secureBoot", PolicyValues.Only("on")),
        Measurements = section.Field<bool>("measurements", PolicyValues.Only("success")),
        Count = section.Field<CountRange>("count", PolicyValues.Range(1)),
        Models = section.Field<IReadOnlyList<string>>("models", PolicyValues.Strings),
        Drivers = section.Field<IReadOnlyList<string>>("drivers", PolicyValues.Strings),
        Vbios = section.Field<IReadOnlyList<string>>("vbios", PolicyValues.Strings),
        Devices = section.Field<IReadOnlyList<string>>("devices", PolicyValues.Strings),
        DeniedDevices = section.Field<IReadOnlyList<string>>("deniedDevices", PolicyValues.Strings),
        Keys = section.HexList("keys", 32),
        MaxTokenAge = section.Field<TimeSpan>("maxTokenAgeSeconds", PolicyValues.Seconds),
    };
}
