using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.Enclave.OpenAi;

/// <summary>
/// Cuts an answer at the first stop text. Holds back only what could still become one, so that no part of a stop text is
/// ever sent.
/// </summary>
internal sealed class StopFilter : IDisposable
{
    private readonly string[] _stops;
    private char[] _held = GC.AllocateArray<char>(1024, pinned: true);
    private int _count;
    private int _released;

    /// <summary>Watches for these texts; none lets everything through.</summary>
    public StopFilter(IReadOnlyList<string> stops) => _stops = [.. stops];

    /// <summary>Whether a stop text was met; nothing more comes out then.</summary>
    public bool Stopped { get; private set; }

    /// <summary>The array behind, for tests that look whether it is zero afterwards.</summary>
    internal char[] Backing => _held;

    /// <summary>Takes the next text of the answer and gives what may be sent. Valid until the next call.</summary>
    public ReadOnlySpan<char> Push(ReadOnlySpan<char> text)
    {
        if (Stopped)
        {
            return [];
        }

        Drop();
        if (text.Length > _held.Length - _count)
        {
            Grow(_count + text.Length);
        }

        text.CopyTo(_held.AsSpan(_count));
        _count += text.Length;
        return Release();
    }

    /// <summary>The answer is over: gives what was held back.</summary>
    public ReadOnlySpan<char> Finish()
    {
        if (Stopped)
        {
            return [];
        }

        Drop();
        _released = _count;
        return _held.AsSpan(0, _count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_held.AsSpan()));
        _count = 0;
        _released = 0;
        Stopped = true;
    }

    private ReadOnlySpan<char> Release()
    {
        ReadOnlySpan<char> held = _held.AsSpan(0, _count);
        int cut = -1;
        foreach (string stop in _stops)
        {
            int at = held.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (cut < 0 || at < cut))
            {
                cut = at;
            }
        }

        if (cut >= 0)
        {
            Stopped = true;
            _released = cut;
            return held[..cut];
        }

        _released = _count - LongestOpenEnd(held);
        return held[.._released];
    }

    private int LongestOpenEnd(ReadOnlySpan<char> held)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, held.Length); length > longest; length--)
            {
                if (held.EndsWith(stop.AsSpan(0, length), StringComparison.Ordinal))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }

    private void Drop()
    {
        _held.AsSpan(_released, _count - _released).CopyTo(_held);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_held.AsSpan(_count - _released, _released)));
        _count -= _released;
        _released = 0;
    }

    private void Grow(int needed)
    {
        char[] larger = GC.AllocateArray<char>(Math.Max(needed, 2 * _held.Length), pinned: true);
        _held.AsSpan(0, _count).CopyTo(larger);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_held.AsSpan()));
        _held = larger;
    }
}
