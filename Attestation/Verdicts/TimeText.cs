using System.Globalization;

namespace Verathos.Attestation.Verdicts;

/// <summary>Times as the details of checks and the claims write them: UTC, and the same in whatever culture the process runs.</summary>
internal static class TimeText
{
    /// <summary>Date and time, such as <c>2026-01-31 12:00:00Z</c>.</summary>
    public static string Text(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The date alone.</summary>
    public static string Day(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
