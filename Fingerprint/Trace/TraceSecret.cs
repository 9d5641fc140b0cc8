using System.Security.Cryptography;

namespace Verathos.Fingerprint.Trace;

/// <summary>The secret of an answer's trace, which whoever holds the answer's transcript can derive: who also has the model can compute the commitment again.</summary>
public static class TraceSecret
{
    /// <summary>Bytes of a receipt's secret and of the trace's.</summary>
    public const int Size = TraceSalts.SecretSize;

    /// <summary>SHA-256("verathos.trace-secret.v1" || receipt secret).</summary>
    /// <param name="receiptSecret">32 bytes.</param>
    public static byte[] Derive(ReadOnlySpan<byte> receiptSecret)
    {
        byte[] secret = new byte[Size];
        Derive(receiptSecret, secret);
        return secret;
    }

    /// <summary>The same, into memory of the caller's.</summary>
    /// <param name="receiptSecret">32 bytes.</param>
    /// <param name="destination">32 bytes.</param>
    public static void Derive(ReadOnlySpan<byte> receiptSecret, Span<byte> destination)
    {
        if (receiptSecret.Length != Size)
        {
            throw new ArgumentException("a receipt's secret has 32 bytes", nameof(receiptSecret));
        }

        ReadOnlySpan<byte> domain = "verathos.trace-secret.v1"u8;
        Span<byte> input = stackalloc byte[domain.Length + Size];
        domain.CopyTo(input);
        receiptSecret.CopyTo(input[domain.Length..]);
        SHA256.HashData(input, destination);
        CryptographicOperations.ZeroMemory(input);
    }
}
