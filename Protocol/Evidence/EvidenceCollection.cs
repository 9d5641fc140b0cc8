using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Evidence;

/// <summary>
/// Everything a verifier needs, as a CBOR collection of RATS conceptual messages (draft-ietf-rats-msg-wrap): a map from label to
/// [media type, bytes, kind], kind 1 for reference values, 2 for endorsements, 4 for evidence. Unknown labels are refused.
/// </summary>
[SuppressMessage("Naming", "CA1711", Justification = "The RATS name of the structure.")]
public sealed record EvidenceCollection
{
    /// <summary>The value of "__cmwc_t", which says what kind of collection this is.</summary>
    public const string CollectionType = "urn:verathos:evidence:v1";

    /// <summary>The largest collection that is read, in bytes.</summary>
    public const int MaxLength = 4 << 20;

    private const string TypePrefix = "application/vnd.verathos.";
    private const int ReferenceValues = 1;
    private const int Endorsements = 2;
    private const int EvidenceKind = 4;

    /// <summary>The format of <see cref="CpuEvidence"/>, for example "tdx-quote"; its media type is application/vnd.verathos.FORMAT.</summary>
    public required string CpuFormat { get; init; }

    /// <summary>The CPU's quote, as the hardware gave it.</summary>
    public required ReadOnlyMemory<byte> CpuEvidence { get; init; }

    /// <summary>GPU reports with their chains; empty without GPUs, and the label is then absent.</summary>
    public IReadOnlyList<GpuEvidence> Gpus { get; init; } = [];

    /// <summary>The encoded keyset.</summary>
    public required ReadOnlyMemory<byte> Keyset { get; init; }

    /// <summary>The encoded <see cref="NodeConfiguration"/>.</summary>
    public required ReadOnlyMemory<byte> Configuration { get; init; }

    /// <summary>The encoded model manifest.</summary>
    public required ReadOnlyMemory<byte> Manifest { get; init; }

    /// <summary>Where the node is registered; null if it is not.</summary>
    public NodeIdentity? Identity { get; init; }

    /// <summary>That the asked nonce is in the batch which the quote binds.</summary>
    public required NonceProof NonceProof { get; init; }

    /// <summary>QuoteCollateralV3 as JSON in UTF-8; null if the node has none.</summary>
    public ReadOnlyMemory<byte>? CpuCollateral { get; init; }

    /// <summary>Reference integrity manifests of the GPUs, XML documents.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuRims { get; init; } = [];

    /// <summary>OCSP answers about the GPUs' certificates, DER; empty where the node has none, and the label is then absent.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuOcspResponses { get; init; } = [];

    /// <summary>The array of [report, chain] pairs in deterministic CBOR, whose SHA-256 is the binding's GPU evidence digest.</summary>
    public static byte[] EncodeGpus(IReadOnlyList<GpuEvidence> gpus)
    {
        DeterministicCborWriter writer = new();
        writer.Array(gpus.Count);
        foreach (GpuEvidence gpu in gpus)
        {
            writer.Array(2).Bytes(gpu.Report.Span).Bytes(gpu.CertificateChain.Span);
        }

        return writer.ToArray();
    }

    /// <summary>The collection in deterministic CBOR.</summary>
    public byte[] Encode()
    {
        DeterministicCborMap map = new();
        map.Add("__cmwc_t", CollectionType);
        Record(map, "cpu", CpuFormat, CpuEvidence.Span, EvidenceKind);
        if (Gpus.Count > 0)
        {
            Record(map, "gpus", "gpu-evidence+cbor", EncodeGpus(Gpus), EvidenceKind);
        }

        Record(map, "keyset", "keyset+cbor", Keyset.Span, EvidenceKind);
        Record(map, "configuration", "configuration+cbor", Configuration.Span, EvidenceKind);
        Record(map, "manifest", "model-manifest+cbor", Manifest.Span, EvidenceKind);
        Record(map, "nonce-proof", "nonce-proof+cbor", NonceProof.Encode(), EvidenceKind);
        if (Identity is not null)
        {
            Record(map, "identity", "identity+cbor", Identity.Encode(), EvidenceKind);
        }

        if (CpuCollateral is { } collateral)
        {
            Record(map, "cpu-collateral", "quote-collateral+json", collateral.Span, Endorsements);
        }

        if (GpuRims.Count > 0)
        {
            Record(map, "gpu-rims", "gpu-rims+cbor", EncodeList(GpuRims), ReferenceValues);
        }

        if (GpuOcspResponses.Count > 0)
        {
            Record(map, "gpu-ocsp", "gpu-ocsp+cbor", EncodeList(GpuOcspResponses), Endorsements);
        }

        return map.Encode();
    }

    /// <summary>Reads a collection: its members are checked for form, and whether they are true is the verifier's business.</summary>
    public static bool TryDecode(
        ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out EvidenceCollection? collection, [NotNullWhen(false)] out string? error)
    {
        collection = null;
        if (encoded.Length > MaxLength)
        {
            error = $"the evidence has more than {MaxLength} bytes";
            return false;
        }

        if (!DeterministicCbor.TryValidate(encoded.Span, out CborError cbor))
        {
            error = $"the evidence is not deterministic CBOR: {cbor}";
            return false;
        }

        Dictionary<string, (string Type, byte[] Value)> records = [];
        DeterministicCborReader reader = new(encoded.Span);
        if (!reader.TryReadMap(out int count))
        {
            error = "the evidence is not a map";
            return false;
        }

        bool typed = false;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadText(out string label))
            {
                error = "a label of the evidence is not a text";
                return false;
            }

            if (label == "__cmwc_t")
            {
                if (!reader.TryReadText(out string type) || type != CollectionType)
                {
                    error = "the evidence is a collection of another type";
                    return false;
                }

                typed = true;
                continue;
            }

            if (KindOf(label) is not { } kind)
            {
                error = "the evidence has an unknown label";
                return false;
            }

            if (!reader.TryReadArray(out int length) || length != 3
                || !reader.TryReadText(out string mediaType) || !mediaType.StartsWith(TypePrefix, StringComparison.Ordinal)
                || !reader.TryReadBytes(out ReadOnlySpan<byte> value)
                || !reader.TryReadUInt64(out ulong readKind) || readKind != (ulong)kind)
            {
                error = $"the evidence's member {label} is not [media type, bytes, {kind}]";
                return false;
            }

            records.Add(label, (mediaType[TypePrefix.Length..], value.ToArray()));
        }

        if (!typed)
        {
            error = "the evidence does not say what kind of collection it is";
            return false;
        }

        return TryAssemble(records, out collection, out error);
    }

    private static bool TryAssemble(
        Dictionary<string, (string Type, byte[] Value)> records, out EvidenceCollection? collection, [NotNullWhen(false)] out string? error)
    {
        collection = null;
        foreach ((string label, (string type, byte[] _)) in records)
        {
            if (label != "cpu" && type != TypeOf(label))
            {
                error = $"the evidence's member {label} has another media type than application/vnd.verathos.{TypeOf(label)}";
                return false;
            }
        }

        foreach (string label in (ReadOnlySpan<string>)["cpu", "keyset", "configuration", "manifest", "nonce-proof"])
        {
            if (!records.ContainsKey(label))
            {
                error = $"the evidence lacks {label}";
                return false;
            }
        }

        if (!NonceProof.TryParse(records["nonce-proof"].Value, out NonceProof? proof))
        {
            error = "the evidence's nonce-proof is malformed";
            return false;
        }

        NodeIdentity? identity = null;
        if (records.TryGetValue("identity", out (string, byte[] Value) identityRecord) && !NodeIdentity.TryParse(identityRecord.Value, out identity))
        {
            error = "the evidence's identity is malformed";
            return false;
        }

        IReadOnlyList<GpuEvidence> gpus = [];
        if (records.TryGetValue("gpus", out (string, byte[] Value) gpusRecord) && !TryReadGpus(gpusRecord.Value, out gpus))
        {
            error = "the evidence's gpus are malformed";
            return false;
        }

        IReadOnlyList<ReadOnlyMemory<byte>> rims = [];
        if (records.TryGetValue("gpu-rims", out (string, byte[] Value) rimsRecord) && !TryReadList(rimsRecord.Value, out rims))
        {
            error = "the evidence's gpu-rims are malformed";
            return false;
        }

        IReadOnlyList<ReadOnlyMemory<byte>> answers = [];
        if (records.TryGetValue("gpu-ocsp", out (string, byte[] Value) ocspRecord) && !TryReadList(ocspRecord.Value, out answers))
        {
            error = "the evidence's gpu-ocsp is malformed";
            return false;
        }

        collection = new EvidenceCollection
        {
            CpuFormat = records["cpu"].Type,
            CpuEvidence = records["cpu"].Value,
            Gpus = gpus,
            Keyset = records["keyset"].Value,
            Configuration = records["configuration"].Value,
            Manifest = records["manifest"].Value,
            Identity = identity,
            NonceProof = proof,
            CpuCollateral = records.TryGetValue("cpu-collateral", out (string, byte[] Value) collateral) ? collateral.Value : (ReadOnlyMemory<byte>?)null,
            GpuRims = rims,
            GpuOcspResponses = answers,
        };
        error = null;
        return true;
    }

    private static bool TryReadGpus(ReadOnlySpan<byte> encoded, out IReadOnlyList<GpuEvidence> gpus)
    {
        gpus = [];
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int count) || count == 0)
        {
            return false;
        }

        List<GpuEvidence> found = [];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadArray(out int pair) || pair != 2
                || !reader.TryReadBytes(out ReadOnlySpan<byte> report) || !reader.TryReadBytes(out ReadOnlySpan<byte> chain))
            {
                return false;
            }

            found.Add(new GpuEvidence(report.ToArray(), chain.ToArray()));
        }

        gpus = found;
        return true;
    }

    private static byte[] EncodeList(IReadOnlyList<ReadOnlyMemory<byte>> items)
    {
        DeterministicCborWriter writer = new();
        writer.Array(items.Count);
        foreach (ReadOnlyMemory<byte> item in items)
        {
            writer.Bytes(item.Span);
        }

        return writer.ToArray();
    }

    private static bool TryReadList(ReadOnlySpan<byte> encoded, out IReadOnlyList<ReadOnlyMemory<byte>> items)
    {
        items = [];
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int count) || count == 0)
        {
            return false;
        }

        List<ReadOnlyMemory<byte>> found = [];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> item))
            {
                return false;
            }

            found.Add(item.ToArray());
        }

        items = found;
        return true;
    }

    private static void Record(DeterministicCborMap map, string label, string type, ReadOnlySpan<byte> value, int kind)
    {
        byte[] copy = value.ToArray();
        map.Add(label, writer => writer.Array(3).Text(TypePrefix + type).Bytes(copy).UInt64((ulong)kind));
    }

    private static int? KindOf(string label) => label switch
    {
        "cpu" or "gpus" or "keyset" or "configuration" or "manifest" or "identity" or "nonce-proof" => EvidenceKind,
        "cpu-collateral" or "gpu-ocsp" => Endorsements,
        "gpu-rims" => ReferenceValues,
        _ => null,
    };

    private static string TypeOf(string label) => label switch
    {
        "gpus" => "gpu-evidence+cbor",
        "manifest" => "model-manifest+cbor",
        "cpu-collateral" => "quote-collateral+json",
        _ => label + "+cbor",
    };
}
