using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Verathos.Fingerprint.Statistics;

/// <summary>Likelihood tables as data: one for each model, numeric profile and test. A file with a table that does not pass the gate is refused as a whole.</summary>
/// <param name="Tables">Each model, profile and test once.</param>
public sealed record LikelihoodTables(IReadOnlyList<LikelihoodTable> Tables)
{
    // Unknown, missing and repeated members are refused.
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    };

    /// <summary>The tables as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Reads tables.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="tables">The tables, all of which pass the gate.</param>
    /// <param name="error">What is wrong with them.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out LikelihoodTables? tables, [NotNullWhen(false)] out string? error)
    {
        tables = null;
        LikelihoodTables? read;
        try
        {
            read = JsonSerializer.Deserialize<LikelihoodTables>(json, s_options);
        }
        catch (JsonException e)
        {
            error = $"the tables are not as they must be at {e.Path}";
            return false;
        }

        if (read is null)
        {
            error = "there are no tables";
            return false;
        }

        HashSet<(string, string, string)> seen = [];
        foreach (LikelihoodTable table in read.Tables)
        {
            if (table.Version < 1 || table.ManifestRoot.Length != 64 || !table.ManifestRoot.All(char.IsAsciiHexDigitLower) || table.Profile.Length == 0 || table.Test.Length == 0)
            {
                error = $"the table {table.Test} does not say what it is of";
                return false;
            }

            if (!seen.Add((table.ManifestRoot, table.Profile, table.Test)))
            {
                error = $"the table {table.Test} of {table.ManifestRoot} in {table.Profile} is there twice";
                return false;
            }

            if (!table.PassesGate)
            {
                error = $"the table {table.Test} of {table.ManifestRoot} in {table.Profile} lets an honest node drift up";
                return false;
            }
        }

        (tables, error) = (read, null);
        return true;
    }

    /// <summary>The table of a model, profile and test.</summary>
    /// <param name="manifestRoot">32 bytes.</param>
    /// <param name="profile">The profile's identifier.</param>
    /// <param name="test">The test's name.</param>
    /// <param name="table">The table.</param>
    /// <returns>False where there is none: such outcomes weigh nothing.</returns>
    public bool TryFind(ReadOnlySpan<byte> manifestRoot, string profile, string test, [NotNullWhen(true)] out LikelihoodTable? table)
    {
        string root = Convert.ToHexStringLower(manifestRoot);
        table = Tables.FirstOrDefault(t => t.ManifestRoot == root && t.Profile == profile && t.Test == test);
        return table is not null;
    }
}
