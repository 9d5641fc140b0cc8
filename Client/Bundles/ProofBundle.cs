using System.Diagnostics.CodeAnalysis;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Protocol.Cbor;

namespace Verathos.Client.Bundles;

/// <summary>
/// One file that proves one answer, or one piece of evidence, later and offline: the evidence as received with its nonce and
/// collateral, the policy that accepted it, and the receipt with what it is compared with.
/// </summary>
/// <remarks>
/// Deterministic CBOR: {1: version 1, 2: evidence, 3: nonce, 4: requested at, 5: judged at, 6: policy, 7: simulated,
/// 8: receipt, 9: transcript}; 8 and 9 together or not at all. Transcript: {1: request digest, 2: client nonce, 3: audit commitment,
/// 4: [temperature, top-p, top-k, seed, max tokens or null], 5: [chunk hashes], 6: sent at, 7: received at,
/// 8: stream id, 9: finish reason, 10: receipt secret, 11: [prompt ids], 12: [output ids]}; 10 to 12 are absent in a bundle that is to be shown to others; 13: the model asked for, there exactly if the node's manifest has several; 14: what the
/// computation was committed to with the last token, there exactly if it was.
/// Times are Unix milliseconds.
/// </remarks>
public sealed record ProofBundle
{
    /// <summary>The largest bundle that is read, in bytes.</summary>
    public const int MaximumLength = 32 * 1024 * 1024;

    private const ulong Version = 1;

    /// <summary>The evidence collection as received.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>The nonce that it was asked for, 32 bytes.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>When the nonce was made.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>When the evidence was judged.</summary>
    public required DateTimeOffset JudgedAt { get; init; }

    /// <summary>The raw bytes of the policy that judged it.</summary>
    public required ReadOnlyMemory<byte> Policy { get; init; }

    /// <summary>Whether the anchors were those of a simulated installation.</summary>
    public required bool Simulated { get; init; }

    /// <summary>The receipt's COSE_Sign1 bytes; null in a bundle of evidence alone.</summary>
    public byte[]? Receipt { get; init; }

    /// <summary>What the receipt is compared with; null in a bundle of evidence alone.</summary>
    public Transcript? Transcript { get; init; }

    /// <summary>The bundle of a verified answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="withContent">Whether token ids and the receipt's secret are kept. Without them the file says nothing of prompt and answer, and those checks are left out.</param>
    public static ProofBundle Of(Streams.Answer answer, bool withContent)
    {
        ArgumentNullException.ThrowIfNull(answer);
        Transcript transcript = answer.Transcript;
        return Of(answer.Node.Evidence, answer.Node.Policy) with
        {
            Receipt = answer.ReceiptBytes,
            Transcript = withContent ? transcript : transcript with { ReceiptSecret = [], PromptIds = [], OutputIds = [] },
        };
    }

    /// <summary>The bundle of accepted evidence alone.</summary>
    public static ProofBundle Of(Trust.AppraisedEvidence evidence, Attestation.Policies.Policy? policy)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return new ProofBundle
        {
            Evidence = evidence.Raw,
            Nonce = evidence.Nonce.ToArray(),
            RequestedAt = evidence.RequestedAt,
            JudgedAt = evidence.Verdict.At,
            Policy = policy?.Raw ?? default,
            Simulated = evidence.Verdict.Simulated,
        };
    }

    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode()
    {
        DeterministicCborMap map = new DeterministicCborMap()
            .Add(1, Version)
            .Add(2, Evidence.ToArray())
            .Add(3, Nonce)
            .Add(4, Milliseconds(RequestedAt))
            .Add(5, Milliseconds(JudgedAt))
            .Add(6, Policy.ToArray())
            .Add(7, writer => writer.Boolean(Simulated));
        if (Receipt is not null && Transcript is not null)
            map.Add(8, Receipt).Add(9, writer => writer.Encoded(TranscriptCbor.Encode(Transcript)));

        return map.Encode();
    }

    /// <summary>Reads a bundle; what it holds is checked for form only.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out ProofBundle? bundle, [NotNullWhen(false)] out string? error)
    {
        bundle = null;
        error = "the file is not a Verathos bundle";
        if (encoded.Length > MaximumLength || !DeterministicCbor.TryValidate(encoded.Span, out _))
            return false;

        DeterministicCborReader reader = new(encoded.Span);
        if (!reader.TryReadMap(out int members) || members is not (7 or 9) || !Key(ref reader, 1) || !reader.TryReadUInt64(out ulong version))
            return false;

        if (version != Version)
        {
            error = $"the bundle has version {version}; this build reads version {Version}";
            return false;
        }

        error = "a member of the bundle is missing or malformed";
        if (!Key(ref reader, 2) || !reader.TryReadBytes(out ReadOnlySpan<byte> evidence)
            || !Key(ref reader, 3) || !reader.TryReadBytes(32, out byte[] nonce)
            || !Key(ref reader, 4) || !TryReadTime(ref reader, out DateTimeOffset requestedAt)
            || !Key(ref reader, 5) || !TryReadTime(ref reader, out DateTimeOffset judgedAt)
            || !Key(ref reader, 6) || !reader.TryReadBytes(out ReadOnlySpan<byte> policy)
            || !Key(ref reader, 7) || !reader.TryReadBoolean(out bool simulated))
        {
            return false;
        }

        byte[]? receipt = null;
        Transcript? transcript = null;
        if (members == 9)
        {
            if (!Key(ref reader, 8) || !reader.TryReadBytes(out ReadOnlySpan<byte> cose) || !Key(ref reader, 9) || !TranscriptCbor.TryRead(ref reader, out transcript))
                return false;

            receipt = cose.ToArray();
        }

        bundle = new ProofBundle
        {
            Evidence = evidence.ToArray(),
            Nonce = nonce,
            RequestedAt = requestedAt,
            JudgedAt = judgedAt,
            Policy = policy.ToArray(),
            Simulated = simulated,
            Receipt = receipt,
            Transcript = transcript,
        };
        error = null;
        return true;
    }

    internal static bool Key(ref DeterministicCborReader reader, ulong key) => reader.TryReadUInt64(out ulong read) && read == key;

    internal static ulong Milliseconds(DateTimeOffset time) => (ulong)time.ToUnixTimeMilliseconds();

    internal static bool TryReadTime(ref DeterministicCborReader reader, out DateTimeOffset time)
    {
        time = default;
        if (!reader.TryReadUInt64(out ulong milliseconds) || milliseconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return false;

        time = DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);
        return true;
    }
}
