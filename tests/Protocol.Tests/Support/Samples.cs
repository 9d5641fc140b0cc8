using System.Security.Cryptography;
using Verathos.Protocol.Receipts;

namespace Verathos.Protocol.Tests.Support;

/// <summary>Statements in which every member has a value of its own.</summary>
internal static class Samples
{
    public static byte[] Filled(int length, byte value)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static Receipt Receipt { get; } = new()
    {
        BootId = Filled(16, 1),
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_010),
        AcceptedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000),
        Id = Filled(16, 2),
        ClientNonce = Filled(32, 3),
        KeysetDigest = Filled(32, 4),
        Binding = Filled(48, 5),
        ManifestRoot = Filled(32, 6),
        NumericProfile = "bf16-t8",
        RequestDigest = Filled(32, 7),
        PromptCommitment = Filled(32, 8),
        OutputCommitment = Filled(32, 9),
        PromptTokens = 11,
        OutputTokens = 12,
        Sampling = new SamplingClaims(700_000, 950_000, 40, 13, 64),
        ChainHead = Filled(32, 10),
        ChunkCount = 14,
        Counter = 15,
        Previous = Filled(32, 16),
        FinishReason = "stop",
        AuditCommitment = Filled(32, 17),
        Simulated = true,
    };

    public static Acceptance Acceptance { get; } = new()
    {
        BootId = Filled(16, 1),
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000),
        Id = Filled(16, 2),
        ClientNonce = Filled(32, 3),
        KeysetDigest = Filled(32, 4),
        Binding = Filled(48, 5),
        ManifestRoot = Filled(32, 6),
        NumericProfile = "bf16-t8",
        RequestDigest = Filled(32, 7),
        PromptCommitment = Filled(32, 8),
        PromptTokens = 11,
        Sampling = new SamplingClaims(700_000, 950_000, 40, 13, 64),
        AuditCommitment = Filled(32, 17),
        Simulated = true,
    };

    public static Checkpoint Checkpoint { get; } = new()
    {
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_005),
        Id = Filled(16, 2),
        KeysetDigest = Filled(32, 4),
        RequestDigest = Filled(32, 7),
        ChunkCount = 3,
        ChainHead = Filled(32, 10),
        OutputTokens = 5,
    };
}
