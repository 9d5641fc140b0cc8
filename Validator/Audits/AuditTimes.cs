using System.Security.Cryptography;

namespace Verathos.Validator.Audits;

/// <summary>When openings are asked for: at a time that nobody can tell, with a fifth of the window left to ask again.</summary>
public static class AuditTimes
{
    /// <summary>Draws a time.</summary>
    /// <param name="from">Now.</param>
    /// <param name="window">How long the node must keep what openings need.</param>
    public static (DateTimeOffset Due, DateTimeOffset Deadline) Draw(DateTimeOffset from, TimeSpan window)
    {
        int most = (int)Math.Clamp(window.TotalMilliseconds * 0.8, 1, int.MaxValue);
        return (from + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(most)), from + window);
    }
}
