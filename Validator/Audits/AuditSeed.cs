using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Validator.Audits;

/// <summary>
/// Which receipts of an epoch are audited: a function of a secret seed that was committed to before the epoch began, and of the
/// receipt. Neither node nor validator can choose; once the seed is revealed everybody can compute it again.
/// </summary>
public static class AuditSeed
{
    /// <summary>Bytes of a seed and of its commitment.</summary>
    public const int Size = 32;

    /// <summary>Everything, in millionths.</summary>
    public const int All = 1_000_000;

    /// <summary>SHA-256("verathos.audit-seed.v1" || epoch (8, big-endian) || seed).</summary>
    public static byte[] Commit(long epoch, ReadOnlySpan<byte> seed)
    {
        if (seed.Length != Size)
        {
            throw new ArgumentException("a seed has 32 bytes", nameof(seed));
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, epoch);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("verathos.audit-seed.v1"u8);
        hash.AppendData(number);
        hash.AppendData(seed);
        return hash.GetHashAndReset();
    }

    /// <summary>Whether a receipt is audited.</summary>
    /// <param name="seed">32 bytes.</param>
    /// <param name="receiptDigest">32 bytes.</param>
    /// <param name="ratePpm">The share in force, in millionths.</param>
    public static bool Chooses(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> receiptDigest, int ratePpm) =>
        Draw(seed, receiptDigest, "verathos.audit-choice.v1"u8) < ratePpm;

    /// <summary>Whether an audited receipt is audited deeply, with the model.</summary>
    /// <param name="seed">32 bytes.</param>
    /// <param name="receiptDigest">32 bytes.</param>
    /// <param name="deepPpm">The share of audits that are, in millionths.</param>
    public static bool GoesDeep(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> receiptDigest, int deepPpm) =>
        Draw(seed, receiptDigest, "verathos.audit-depth.v1"u8) < deepPpm;

    // The first 8 bytes of HMAC-SHA256(seed, label || receipt's digest), scaled to millionths.
    private static long Draw(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> receiptDigest, ReadOnlySpan<byte> label)
    {
        if (seed.Length != Size || receiptDigest.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException("a seed and a digest have 32 bytes each");
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(seed, [.. label, .. receiptDigest], hash);
        return (long)(((UInt128)BinaryPrimitives.ReadUInt64BigEndian(hash) * All) >> 64);
    }
}
