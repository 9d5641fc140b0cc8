using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// Cuts a stream of bytes into chunks: length and ciphertext, or a zero and ciphertext to the end of the input. Holds at most one
/// chunk; what it gives out is valid until the next call.
/// </summary>
internal sealed class ChunkSplitter
{
    private const int MaxCiphertext = OhttpChunk.MaxPlaintext + HpkeSuite.TagLength;

    private byte[] buffer = new byte[1024];
    private int start;
    private int end;
    private bool completed;

    public bool FinalStarted { get; private set; }

    /// <summary>Bytes that no chunk has taken yet.</summary>
    public int Pending => end - start;

    public OhttpError Feed(ReadOnlySpan<byte> bytes)
    {
        if (completed)
        {
            return bytes.IsEmpty ? OhttpError.None : OhttpError.Closed;
        }

        if (buffer.Length - end < bytes.Length)
        {
            byte[] target = buffer.Length - Pending < bytes.Length ? new byte[Math.Max(2 * buffer.Length, Pending + bytes.Length)] : buffer;
            buffer.AsSpan(start, Pending).CopyTo(target);
            end = Pending;
            start = 0;
            buffer = target;
        }

        bytes.CopyTo(buffer.AsSpan(end));
        end += bytes.Length;
        return FinalStarted && Pending > MaxCiphertext ? OhttpError.ChunkTooLarge : OhttpError.None;
    }

    public void Complete() => completed = true;

    /// <summary>Takes bytes that come before the chunks.</summary>
    public bool TryTake(int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (Pending < length)
        {
            return false;
        }

        bytes = buffer.AsSpan(start, length);
        start += length;
        return true;
    }

    /// <summary>Takes the next chunk; false if it is not complete yet, or if <paramref name="error"/> says so.</summary>
    public bool TryTakeChunk(out ReadOnlySpan<byte> ciphertext, out bool final, out OhttpError error)
    {
        ciphertext = default;
        final = FinalStarted;
        error = OhttpError.None;
        if (!FinalStarted)
        {
            int at = start;
            BhttpError read = VarInt.Read(buffer.AsSpan(0, end), ref at, out ulong length);
            if (read != BhttpError.None)
            {
                error = read == BhttpError.Truncated ? completed ? OhttpError.Truncated : OhttpError.None : OhttpError.ChunkLength;
                return false;
            }

            if (length > MaxCiphertext)
            {
                error = OhttpError.ChunkTooLarge;
                return false;
            }

            if (length > 0)
            {
                if ((int)length > end - at)
                {
                    error = completed ? OhttpError.Truncated : OhttpError.None;
                    return false;
                }

                ciphertext = buffer.AsSpan(at, (int)length);
                start = at + (int)length;
                return true;
            }

            FinalStarted = true;
            final = true;
            start = at;
        }

        if (Pending > MaxCiphertext)
        {
            error = OhttpError.ChunkTooLarge;
            return false;
        }

        if (!completed)
        {
            return false;
        }

        if (Pending < HpkeSuite.TagLength)
        {
            error = OhttpError.Truncated;
            return false;
        }

        ciphertext = buffer.AsSpan(start, Pending);
        start = end;
        return true;
    }
}
