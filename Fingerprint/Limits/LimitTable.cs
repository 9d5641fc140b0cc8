using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Verathos.Fingerprint.Limits;

/// <summary>Limits as data, one entry for each model and numeric profile. There is no default entry: what was not measured is not judged.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Models">Each model and profile once.</param>
public sealed record LimitTable(int Version, IReadOnlyList<ModelLimits> Models)
{
    // Unknown, missing and repeated members are refused.
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    };

    /// <summary>The table as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Reads a table.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="table">The table.</param>
    /// <param name="error">What is wrong with it.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out LimitTable? table, [NotNullWhen(false)] out string? error)
    {
        table = null;
        LimitTable? read;
        try
        {
            read = JsonSerializer.Deserialize<LimitTable>(json, s_options);
        }
        catch (JsonException e)
        {
            error = $"the limits are not as they must be at {e.Path}";
            return false;
        }

        if (read is not { Version: >= 1 })
        {
            error = "the limits have no version";
            return false;
        }

        HashSet<(string, string)> seen = [];
        foreach (ModelLimits model in read.Models)
        {
            if (!model.IsValid || !seen.Add((model.ManifestRoot, model.Profile)))
            {
                error = $"the limits of {model.ManifestRoot} in {model.Profile} are out of range or there twice";
                return false;
            }
        }

        (table, error) = (read, null);
        return true;
    }

    /// <summary>The limits of a model in a profile.</summary>
    /// <param name="manifestRoot">32 bytes.</param>
    /// <param name="profile">The profile's identifier.</param>
    /// <param name="limits">The limits.</param>
    /// <returns>False where none were measured.</returns>
    public bool TryFind(ReadOnlySpan<byte> manifestRoot, string profile, [NotNullWhen(true)] out ModelLimits? limits)
    {
        string root = Convert.ToHexStringLower(manifestRoot);
        limits = Models.FirstOrDefault(model => model.ManifestRoot == root && model.Profile == profile);
        return limits is not null;
    }
}
