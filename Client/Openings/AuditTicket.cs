using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Openings;

/// <summary>
/// Everything that is needed to audit one answer later: its receipt, what the client saw, the secret that opens it, the node's address,
/// and the facts of the evidence that the receipt is checked against. Whoever holds it can have the answer's computation opened, so
/// it is kept like the prompt. The secret is zeroed by <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// Deterministic CBOR: {1: version 1, 2: node, 3: receipt, 4: transcript as in a <see cref="ProofBundle"/>, with content, 5: audit secret,
/// 6: keyset, 7: binding, 8: manifest, 9: numeric profile of the configuration, 10: simulated, 11: evidence requested at, 12: trusted
/// until}; times are Unix milliseconds.
/// </remarks>
public sealed class AuditTicket : IDisposable
{
    private const ulong Version = 1;
    private const int MaximumLength = 8 * 1024 * 1024;
    private readonly byte[] _secret;
    private readonly byte[] _binding;
    private readonly byte[] _manifest;
    private readonly string _configured;
    private readonly DateTimeOffset _requestedAt;
    private readonly DateTimeOffset _trustedUntil;
    private bool _disposed;

    private AuditTicket(Parts parts, Receipt receipt, ManifestSummary manifest)
    {
        (Node, ReceiptBytes, Transcript, KeysetBytes, Receipt) = (parts.Node, parts.Receipt, parts.Transcript, parts.Keyset, receipt);
        (_binding, _manifest, _configured, Simulated) = (parts.Binding, parts.Manifest, parts.Profile, parts.Simulated);
        (_requestedAt, _trustedUntil) = (parts.RequestedAt, parts.TrustedUntil);
        ModelName = receipt.Model ?? manifest.Name;
        _secret = GC.AllocateArray<byte>(parts.Secret.Length, pinned: true);
        parts.Secret.CopyTo(_secret, 0);
    }

    /// <summary>The node's address.</summary>
    public Uri Node { get; }

    /// <summary>The receipt's COSE_Sign1 bytes.</summary>
    public byte[] ReceiptBytes { get; }

    /// <summary>The receipt.</summary>
    public Receipt Receipt { get; }

    /// <summary>SHA-256 of the receipt's Sig_structure, 32 bytes: what openings are derived from and asked by.</summary>
    public byte[] ReceiptDigest => Receipt.Digest.ToArray();

    /// <summary>What the client saw, with content.</summary>
    public Transcript Transcript { get; }

    /// <summary>The encoded keyset that signed the receipt.</summary>
    public byte[] KeysetBytes { get; }

    /// <summary>The name of the model that answered: the receipt's, or the manifest's only one.</summary>
    public string ModelName { get; }

    /// <summary>The numeric profile that the receipt states.</summary>
    public string Profile => Receipt.NumericProfile;

    /// <summary>Whether the evidence was simulated.</summary>
    public bool Simulated { get; }

    /// <summary>How many of the ids are the prompt's.</summary>
    public int PromptTokens => Transcript.PromptIds.Count;

    /// <summary>Committed steps: one fewer than ids, because the last is never computed.</summary>
    public long Steps => Transcript.PromptIds.Count + Transcript.OutputIds.Count - 1;

    /// <summary>The secret that opens the answer, 32 bytes.</summary>
    public ReadOnlySpan<byte> AuditSecret
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _secret;
        }
    }

    /// <summary>The ids of prompt and answer.</summary>
    public int[] Ids() => [.. Transcript.PromptIds, .. Transcript.OutputIds];

    /// <summary>The receipt's checks once more, from the ticket alone.</summary>
    /// <param name="trace">Whether the answer must be committed to.</param>
    public ReceiptVerdict Verify(TraceRequirement trace = TraceRequirement.Served)
    {
        if (!Keyset.TryParse(KeysetBytes, out Keyset? keyset, out _) || !ManifestSummary.TryParse(_manifest, out ManifestSummary? manifest))
            return default;

        using ECDsa key = keyset.SigningKey.ToECDsa();
        SignedStatement statement = new(
            key, keyset.BootId.ToArray(), keyset.Digest.ToArray(), _binding, manifest.Root, manifest.Several, _configured, Simulated,
            keyset.NotBefore, keyset.NotAfter, _requestedAt, _trustedUntil);
        return new ReceiptChecker(statement, null, null, trace).CheckReceipt(ReceiptBytes, Transcript, out _, out _);
    }

    /// <summary>Deterministic CBOR, the secret in it.</summary>
    public byte[] Encode()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new DeterministicCborMap()
            .Add(1, Version)
            .Add(2, Node.AbsoluteUri)
            .Add(3, ReceiptBytes)
            .Add(4, writer => writer.Encoded(TranscriptCbor.Encode(Transcript)))
            .Add(5, _secret)
            .Add(6, KeysetBytes)
            .Add(7, _binding)
            .Add(8, _manifest)
            .Add(9, _configured)
            .Add(10, writer => writer.Boolean(Simulated))
            .Add(11, ProofBundle.Milliseconds(_requestedAt))
            .Add(12, ProofBundle.Milliseconds(_trustedUntil))
            .Encode();
    }

    /// <summary>Reads a ticket whose receipt its keyset signed, and whose secret is the one that the receipt commits to; <see cref="Verify"/> checks the rest.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out AuditTicket? ticket, [NotNullWhen(false)] out string? error)
    {
        ticket = null;
        error = "this is not an audit ticket";
        if (encoded.Length > MaximumLength || !DeterministicCbor.TryValidate(encoded.Span, out _))
            return false;

        DeterministicCborReader reader = new(encoded.Span);
        if (!reader.TryReadMap(out int members) || members != 12
            || !ProofBundle.Key(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != Version
            || !ProofBundle.Key(ref reader, 2) || !reader.TryReadText(out string address) || !Uri.TryCreate(address, UriKind.Absolute, out Uri? node) || node.AbsoluteUri != address
            || !ProofBundle.Key(ref reader, 3) || !reader.TryReadBytes(out ReadOnlySpan<byte> receipt)
            || !ProofBundle.Key(ref reader, 4) || !TranscriptCbor.TryRead(ref reader, out Transcript? transcript)
            || !ProofBundle.Key(ref reader, 5) || !reader.TryReadBytes(32, out byte[] secret)
            || !ProofBundle.Key(ref reader, 6) || !reader.TryReadBytes(out ReadOnlySpan<byte> keyset)
            || !ProofBundle.Key(ref reader, 7) || !reader.TryReadBytes(48, out byte[] binding)
            || !ProofBundle.Key(ref reader, 8) || !reader.TryReadBytes(out ReadOnlySpan<byte> manifest)
            || !ProofBundle.Key(ref reader, 9) || !reader.TryReadText(out string profile)
            || !ProofBundle.Key(ref reader, 10) || !reader.TryReadBoolean(out bool simulated)
            || !ProofBundle.Key(ref reader, 11) || !ProofBundle.TryReadTime(ref reader, out DateTimeOffset requestedAt)
            || !ProofBundle.Key(ref reader, 12) || !ProofBundle.TryReadTime(ref reader, out DateTimeOffset trustedUntil))
        {
            return false;
        }

        Parts parts = new(node, receipt.ToArray(), transcript!, secret, keyset.ToArray(), binding, manifest.ToArray(), profile, simulated, requestedAt, trustedUntil);
        ticket = Create(parts, out error);
        CryptographicOperations.ZeroMemory(secret);
        return ticket is not null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>Nothing of the prompt, and not the secret.</summary>
    public override string ToString() => $"{ModelName} at {Node}, receipt {Convert.ToHexStringLower(ReceiptDigest)}";

    /// <summary>The ticket of a verified answer.</summary>
    internal static AuditTicket Of(AttestedNode node, byte[] receipt, Transcript transcript, byte[] secret)
    {
        AppraisedEvidence evidence = node.Evidence;
        SignedStatement statement = node.Statement;
        Parts parts = new(
            node.Node, receipt, transcript, secret, evidence.Keyset!.Encoded.ToArray(), statement.Binding, evidence.Collection!.Manifest.ToArray(),
            statement.Profile, statement.Simulated, statement.RequestedAt, statement.TrustedUntil);
        return Create(parts, out string? error) ?? throw new InvalidOperationException(error);
    }

    private static AuditTicket? Create(Parts parts, out string? error)
    {
        error = "the ticket's keyset, manifest, receipt, content and secret do not belong together";
        if (parts.Transcript.ReceiptSecret.Length == 0 || parts.Transcript.PromptIds.Count == 0 || parts.Transcript.OutputIds.Count == 0
            || !Keyset.TryParse(parts.Keyset, out Keyset? keyset, out _) || !ManifestSummary.TryParse(parts.Manifest, out ManifestSummary? manifest))
        {
            return null;
        }

        using ECDsa key = keyset.SigningKey.ToECDsa();
        if (!Receipt.TryParse(parts.Receipt, key, out Receipt? receipt, out _)
            || !CryptographicOperations.FixedTimeEquals(SHA256.HashData(parts.Secret), receipt.AuditCommitment.Span))
        {
            return null;
        }

        error = null;
        return new AuditTicket(parts, receipt, manifest);
    }

    private sealed record Parts(
        Uri Node, byte[] Receipt, Transcript Transcript, byte[] Secret, byte[] Keyset, byte[] Binding, byte[] Manifest, string Profile, bool Simulated,
        DateTimeOffset RequestedAt, DateTimeOffset TrustedUntil);
}
