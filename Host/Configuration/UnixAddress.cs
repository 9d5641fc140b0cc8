using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Verathos.Host.Configuration;

/// <summary>The address of a Unix socket, written <c>unix:PATH</c>.</summary>
public static class UnixAddress
{
    /// <summary>The longest path in bytes that the system's socket address holds.</summary>
    public const int LongestPath = 107;

    /// <summary>Takes the full path out of <c>unix:PATH</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? path)
    {
        ArgumentNullException.ThrowIfNull(text);
        path = null;
        if (!text.StartsWith("unix:", StringComparison.Ordinal) || text.Length == "unix:".Length)
        {
            return false;
        }

        string rest = text["unix:".Length..];
        string full = Path.GetFullPath(rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest);
        if (Encoding.UTF8.GetByteCount(full) > LongestPath || full.EndsWith('/') || full.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        path = full;
        return true;
    }
}
