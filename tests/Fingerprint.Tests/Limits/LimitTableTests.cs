using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;

namespace Verathos.Fingerprint.Tests.Limits;

public sealed class LimitTableTests
{
    private static readonly byte[] s_root = SHA256.HashData("model"u8);

    private static readonly ModelLimits s_limits = new(
        Convert.ToHexStringLower(s_root), "bf16-lane16/2", new ToplocLimits(3, 120, 4), new SketchLimits(new Dictionary<int, long> { [7] = 100, [30] = 900 }),
        LayerLimits.Exact(2.5, 1e-12), new MatrixLimits(100, 0), new MarginRules(2_000_000, 20_000, 2));

    [Fact]
    public void A_table_is_read_as_it_was_written_and_knows_only_what_was_measured()
    {
        byte[] json = new LimitTable(3, [s_limits, s_limits with { Profile = "bf16/other" }]).ToJson();
        Assert.True(LimitTable.TryParse(json, out LimitTable? table, out string? error), error);
        Assert.Equal(json, table.ToJson());
        Assert.True(table.TryFind(s_root, "bf16-lane16/2", out ModelLimits? found));
        Assert.Equal(s_limits.Toploc, found.Toploc);
        Assert.Equal(900, found.Sketches.Billionths[30]);
        Assert.Equal(s_limits.Layer.Matrices, found.Layer.Matrices);
        Assert.False(table.TryFind(s_root, "bf16-lane16/1", out _));
        Assert.False(table.TryFind(new byte[32], "bf16-lane16/2", out _));
    }

    [Theory]
    [InlineData("\"medianTwice\": 4", "\"medianTwice\": 4, \"other\": 1", "an unknown member")]
    [InlineData("\"medianTwice\": 4", "\"medianTwice\": 4, \"medianTwice\": 5", "a repeated member")]
    [InlineData(",\n        \"medianTwice\": 4", "", "a missing member")]
    [InlineData("\"medianTwice\": 4", "\"medianTwice\": null", "a member without a value")]
    [InlineData("\"medianTwice\": 4", "\"medianTwice\": -1", "a negative limit")]
    [InlineData("\"exponentMismatches\": 3", "\"exponentMismatches\": 128", "a limit that lets everything pass")]
    [InlineData("\"attentionMismatches\": 0", "\"attentionMismatches\": -1", "a negative limit")]
    [InlineData("\"7\": 100", "\"0\": 100", "a depth that is none")]
    [InlineData("\"7\": 100", "\"7\": 1000000000", "a limit that zero passes")]
    [InlineData("\"version\": 3", "\"version\": 0", "no version")]
    [InlineData("\"topK\": 2", "\"topK\": -2", "a narrowing")]
    [InlineData("\"profile\": \"bf16-lane16/2\"", "\"profile\": \"\"", "no profile")]
    public void Anything_else_is_refused(string before, string after, string why)
    {
        string json = Encoding.UTF8.GetString(new LimitTable(3, [s_limits]).ToJson());
        Assert.Contains(before, json, StringComparison.Ordinal);
        Assert.False(LimitTable.TryParse(Encoding.UTF8.GetBytes(json.Replace(before, after, StringComparison.Ordinal)), out _, out string? error), why);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_model_comes_once_in_a_profile_and_roots_are_lower_case()
    {
        Assert.False(LimitTable.TryParse(new LimitTable(1, [s_limits, s_limits]).ToJson(), out _, out _));
        Assert.False(LimitTable.TryParse(new LimitTable(1, [s_limits with { ManifestRoot = s_limits.ManifestRoot.ToUpperInvariant() }]).ToJson(), out _, out _));
        Assert.False(LimitTable.TryParse(new LimitTable(1, [s_limits with { Layer = s_limits.Layer with { Matrices = [new MatrixLimits(1, 0)] } }]).ToJson(), out _, out _));
        Assert.False(LimitTable.TryParse("null"u8, out _, out _));
        Assert.False(LimitTable.TryParse("[]"u8, out _, out _));
    }
}
