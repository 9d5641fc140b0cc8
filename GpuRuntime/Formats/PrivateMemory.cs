using System.Buffers;
using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Formats;

/// <summary>
/// Zero-initialised memory of this process, 64-byte aligned and outside the garbage collector's heap. Files are read into it
/// whole, never mapped: a mapping's content can be swapped after it was hashed.
/// </summary>
public sealed unsafe class PrivateMemory : IDisposable
{
    private const nuint Alignment = 64;
    private const int ReadSize = 16 << 20;
    private byte* _start;

    /// <summary>Allocates <paramref name="length"/> bytes.</summary>
    public PrivateMemory(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        nuint rounded = ((nuint)length + Alignment) & ~(Alignment - 1);
        _start = (byte*)NativeMemory.AlignedAlloc(rounded, Alignment);
        NativeMemory.Clear(_start, rounded);
    }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The first byte; valid until <see cref="Dispose"/>.</summary>
    internal byte* Pointer => _start is not null ? _start : throw new ObjectDisposedException(nameof(PrivateMemory));

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Called with the bytes of each finished part.</param>
    /// <param name="cancellationToken">Stops between parts.</param>
    /// <exception cref="ModelFormatException">The file changed its length while it was read.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PrivateMemory ReadFile(string path, Action<long>? read = null, CancellationToken cancellationToken = default)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        PrivateMemory memory = new(RandomAccess.GetLength(file));
        try
        {
            for (long at = 0; at < memory.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = RandomAccess.Read(file, memory.Span(at, Math.Min(ReadSize, memory.Length - at)), at);
                if (count == 0)
                {
                    throw new ModelFormatException($"{path} became shorter while it was read");
                }

                at += count;
                read?.Invoke(count);
            }

            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>A part of at most 2 GiB.</summary>
    public Span<byte> Span(long offset, long length)
    {
        Check(offset, length);
        return new Span<byte>(Pointer + offset, (int)length);
    }

    /// <summary>A part of at most 2 GiB; must not be used after <see cref="Dispose"/>.</summary>
    public Memory<byte> Memory(long offset, long length)
    {
        Check(offset, length);
        return new Window(this, offset, (int)length).Memory;
    }

    /// <summary>Overwrites everything with zeros.</summary>
    public void Clear() => NativeMemory.Clear(Pointer, (nuint)Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what was not disposed.</summary>
    ~PrivateMemory() => NativeMemory.AlignedFree(_start);

    private void Check(long offset, long length)
    {
        if (offset < 0 || length is < 0 or > int.MaxValue || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes at {offset} of {Length}");
        }
    }

    private sealed class Window(PrivateMemory owner, long offset, int length) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan() => owner.Span(offset, length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(owner.Pointer + offset + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
