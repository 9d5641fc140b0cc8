using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Evidence;

/// <summary>
/// What the binding states about how the enclave runs: {1: topology, 2: engine, 3: numeric profile, 4: {1: request bytes,
/// 2: prompt tokens, 3: output tokens, 4: concurrent}, 5: simulated, 6: GPU confidential mode, 7: GPU devtools, 8: {1: seconds kept,
/// 2: openings of a receipt, 3: openings a minute}}; 6 and 7 are there exactly if the node has GPUs, 8 exactly if it opens answers.
/// </summary>
/// <param name="Topology">"in-process" or "split".</param>
/// <param name="Engine">Name and version of the engine.</param>
/// <param name="NumericProfile">Name of the profile that fixes the bits.</param>
/// <param name="Limits">What is accepted.</param>
/// <param name="Simulated">True if the platform driver is the simulator.</param>
/// <param name="GpuConfidentialMode">True if every GPU runs in confidential mode, as the enclave found; null without GPUs.</param>
/// <param name="GpuDevTools">True if a GPU runs in devtools mode; null without GPUs.</param>
/// <param name="Openings">How answers are opened; null where they are not.</param>
public sealed record NodeConfiguration(
    string Topology, string Engine, string NumericProfile, NodeLimits Limits, bool Simulated, bool? GpuConfidentialMode = null, bool? GpuDevTools = null, OpeningLimits? Openings = null)
{
    /// <summary>The topology of an enclave inside the host's process.</summary>
    public const string InProcess = "in-process";

    /// <summary>The topology of an enclave in a process of its own.</summary>
    public const string Split = "split";

    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode()
    {
        if (GpuConfidentialMode.HasValue != GpuDevTools.HasValue)
        {
            throw new InvalidOperationException("both of a configuration's GPU members are set, or neither");
        }

        DeterministicCborMap map = Core();
        if (GpuConfidentialMode is { } confidential && GpuDevTools is { } devTools)
        {
            map.Add(6, writer => writer.Boolean(confidential)).Add(7, writer => writer.Boolean(devTools));
        }

        if (Openings is { } openings)
        {
            map.Add(8, writer => writer.Map(new DeterministicCborMap()
                .Add(1, openings.KeptSeconds)
                .Add(2, openings.PerReceipt)
                .Add(3, openings.PerMinute)));
        }

        return map.Encode();
    }

    /// <summary>SHA-256 over encoded bytes: the configuration digest of the binding.</summary>
    public static byte[] DigestOf(ReadOnlySpan<byte> encoded) => SHA256.HashData(encoded);

    /// <summary>Reads a configuration; exact members, and a topology that is known.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out NodeConfiguration? configuration)
    {
        configuration = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _)
            || !reader.TryReadMap(out int count) || count is not (>= 5 and <= 8)
            || !Label(ref reader, 1) || !reader.TryReadText(out string topology) || topology is not (InProcess or Split)
            || !Label(ref reader, 2) || !reader.TryReadText(out string engine)
            || !Label(ref reader, 3) || !reader.TryReadText(out string profile)
            || !Label(ref reader, 4) || !reader.TryReadMap(out int limits) || limits != 4
            || !Label(ref reader, 1) || !reader.TryReadUInt32(out uint requestBytes)
            || !Label(ref reader, 2) || !reader.TryReadUInt32(out uint promptTokens)
            || !Label(ref reader, 3) || !reader.TryReadUInt32(out uint outputTokens)
            || !Label(ref reader, 4) || !reader.TryReadUInt32(out uint concurrent)
            || !Label(ref reader, 5) || !reader.TryReadBoolean(out bool simulated))
        {
            return false;
        }

        bool? confidential = null;
        bool? devTools = null;
        if (count >= 7)
        {
            if (!Label(ref reader, 6) || !reader.TryReadBoolean(out bool readConfidential)
                || !Label(ref reader, 7) || !reader.TryReadBoolean(out bool readDevTools))
            {
                return false;
            }

            confidential = readConfidential;
            devTools = readDevTools;
        }

        OpeningLimits? openings = null;
        if (count is 6 or 8 && !TryReadOpenings(ref reader, out openings))
        {
            return false;
        }

        configuration = new NodeConfiguration(
            topology, engine, profile, new NodeLimits(requestBytes, promptTokens, outputTokens, concurrent), simulated, confidential, devTools, openings);
        return true;
    }

    private DeterministicCborMap Core() => new DeterministicCborMap()
        .Add(1, Topology)
        .Add(2, Engine)
        .Add(3, NumericProfile)
        .Add(4, writer => writer.Map(new DeterministicCborMap()
            .Add(1, Limits.MaxRequestBytes)
            .Add(2, Limits.MaxPromptTokens)
            .Add(3, Limits.MaxOutputTokens)
            .Add(4, Limits.MaxConcurrent)))
        .Add(5, writer => writer.Boolean(Simulated));

    private static bool TryReadOpenings(ref DeterministicCborReader reader, out OpeningLimits? openings)
    {
        openings = null;
        if (!Label(ref reader, 8) || !reader.TryReadMap(out int members) || members != 3
            || !Label(ref reader, 1) || !reader.TryReadUInt32(out uint seconds)
            || !Label(ref reader, 2) || !reader.TryReadUInt32(out uint perReceipt)
            || !Label(ref reader, 3) || !reader.TryReadUInt32(out uint perMinute))
        {
            return false;
        }

        openings = new OpeningLimits(seconds, perReceipt, perMinute);
        return true;
    }

    private static bool Label(ref DeterministicCborReader reader, long label) => reader.TryReadInt64(out long read) && read == label;
}
