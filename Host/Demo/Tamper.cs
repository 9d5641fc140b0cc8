using System.Globalization;

namespace Verathos.Host.Demo;

/// <summary>One byte to change.</summary>
/// <param name="Target">In what.</param>
/// <param name="Offset">From its first byte; the byte is combined with 0xFF by exclusive or.</param>
public readonly record struct Tamper(TamperTarget Target, int Offset)
{
    /// <summary>Reads <c>TARGET:OFFSET</c>, such as <c>quote:568</c>.</summary>
    public static bool TryParse(string text, out Tamper tamper)
    {
        tamper = default;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int offset)
            || Enum.GetNames<TamperTarget>().FirstOrDefault(name => name.Equals(text[..colon], StringComparison.OrdinalIgnoreCase)) is not { } name)
        {
            return false;
        }

        tamper = new Tamper(Enum.Parse<TamperTarget>(name), offset);
        return true;
    }

    /// <summary>A copy of some bytes with the byte at an offset inverted.</summary>
    public static byte[] Flip(ReadOnlySpan<byte> bytes, int offset)
    {
        byte[] changed = bytes.ToArray();
        changed[offset] ^= 0xFF;
        return changed;
    }
}
