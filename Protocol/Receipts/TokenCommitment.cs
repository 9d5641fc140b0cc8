using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// A commitment to token ids: HMAC-SHA256(receipt secret, label || every id in four bytes, big-endian). The secret is delivered
/// sealed, so that nobody else can confirm a guess. The two labels have equal lengths, so none is the start of another's message.
/// </summary>
public static class TokenCommitment
{
    /// <summary>The label for a prompt's ids.</summary>
    public const string Prompt = "verathos.prompt.v1";

    /// <summary>The label for an answer's ids.</summary>
    public const string Output = "verathos.output.v1";

    /// <summary>The commitment, 32 bytes.</summary>
    public static byte[] Compute(ReadOnlySpan<byte> receiptSecret, string label, ReadOnlySpan<int> ids)
    {
        int length = label.Length + (4 * ids.Length);
        byte[] message = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            int at = System.Text.Encoding.ASCII.GetBytes(label, message);
            foreach (int id in ids)
            {
                BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(at), checked((uint)id));
                at += 4;
            }

            return HMACSHA256.HashData(receiptSecret, message.AsSpan(0, length));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
            ArrayPool<byte>.Shared.Return(message);
        }
    }
}
