namespace Verathos.Enclave.Platform;

/// <summary>
/// Reads and writes attributes the way configfs wants it: no length is known before the end, and a value is one write that
/// counts once the file is closed.
/// </summary>
internal class TsmFiles
{
    /// <summary>The whole of an attribute.</summary>
    /// <exception cref="PlatformException">It is longer than the limit.</exception>
    public virtual async Task<byte[]> ReadAsync(string path, int limit, CancellationToken cancellationToken)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] content = new byte[limit + 1];
        int length = 0;
        while (length < content.Length)
        {
            int read = await file.ReadAsync(content.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return content[..length];
            }

            length += read;
        }

        throw new PlatformException($"{path} holds more than {limit} bytes.");
    }

    /// <summary>Sets an attribute.</summary>
    public virtual async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await file.WriteAsync(content, cancellationToken).ConfigureAwait(false);
    }
}
