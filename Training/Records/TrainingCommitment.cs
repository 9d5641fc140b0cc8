using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Records;

/// <summary>
/// What a worker shows before anybody reveals: SHA-256("verathos.training-commitment.v1" || worker (32) || round (8) || salt (32) ||
/// SHA-256(signed record)). The record names the gradient's root, so nothing can be exchanged afterwards; the salt keeps guesses from
/// being confirmed; worker and round keep one worker's commitment from being another's.
/// </summary>
public static class TrainingCommitment
{
    /// <summary>Bytes of a commitment.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>Bytes of a salt.</summary>
    public const int SaltSize = 32;

    private static ReadOnlySpan<byte> Label => "verathos.training-commitment.v1"u8;

    /// <summary>The commitment, 32 bytes.</summary>
    /// <exception cref="ArgumentException">The salt does not have 32 bytes.</exception>
    public static byte[] Compute(WorkerKey worker, ulong round, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> record)
    {
        if (salt.Length != SaltSize)
        {
            throw new ArgumentException($"a salt has {SaltSize} bytes", nameof(salt));
        }

        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, round);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        hash.AppendData(worker.Bytes);
        hash.AppendData(number);
        hash.AppendData(salt);
        hash.AppendData(SHA256.HashData(record));
        return hash.GetHashAndReset();
    }

    /// <summary>Whether a commitment is to this record and salt.</summary>
    public static bool Opens(ReadOnlySpan<byte> commitment, WorkerKey worker, ulong round, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> record) =>
        salt.Length == SaltSize && CryptographicOperations.FixedTimeEquals(commitment, Compute(worker, round, salt, record));
}
