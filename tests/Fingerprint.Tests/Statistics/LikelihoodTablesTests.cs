using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Statistics;

namespace Verathos.Fingerprint.Tests.Statistics;

public sealed class LikelihoodTablesTests
{
    private static readonly byte[] s_root = SHA256.HashData("model"u8);

    private static readonly LikelihoodTable s_table =
        LikelihoodTable.FromCounts(2, Convert.ToHexStringLower(s_root), "bf16-lane16/2", "toploc", [[9_900, 100], [9_950, 50]], [6_000, 4_000]);

    [Fact]
    public void Tables_are_read_as_they_were_written_and_found_by_model_profile_and_test()
    {
        byte[] json = new LikelihoodTables([s_table, s_table with { Test = "sketch" }]).ToJson();
        Assert.True(LikelihoodTables.TryParse(json, out LikelihoodTables? read, out string? error), error);
        Assert.Equal(json, read.ToJson());
        Assert.True(read.TryFind(s_root, "bf16-lane16/2", "toploc", out LikelihoodTable? found));
        Assert.Equal(s_table.WeightsMicro, found.WeightsMicro);
        Assert.False(read.TryFind(s_root, "bf16-lane16/2", "margin", out _));
        Assert.False(read.TryFind(s_root, "f32", "toploc", out _));
        Assert.False(read.TryFind(new byte[32], "bf16-lane16/2", "toploc", out _));
    }

    [Theory]
    [InlineData("9900", "900", "a table that does not pass the gate")]
    [InlineData("\"version\": 2", "\"version\": 0", "no version")]
    [InlineData("\"test\": \"toploc\"", "\"test\": \"\"", "no test")]
    [InlineData("\"test\": \"toploc\"", "\"test\": null", "no test at all")]
    [InlineData("\"test\": \"toploc\"", "\"test\": \"toploc\", \"more\": 1", "an unknown member")]
    [InlineData("\"profile\": \"bf16-lane16/2\",", "", "no profile")]
    public void Anything_else_is_refused(string before, string after, string why)
    {
        string json = Encoding.UTF8.GetString(new LikelihoodTables([s_table]).ToJson());
        Assert.Contains(before, json, StringComparison.Ordinal);
        Assert.False(LikelihoodTables.TryParse(Encoding.UTF8.GetBytes(json.Replace(before, after, StringComparison.Ordinal)), out _, out string? error), why);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_test_comes_once_and_roots_are_lower_case()
    {
        Assert.False(LikelihoodTables.TryParse(new LikelihoodTables([s_table, s_table]).ToJson(), out _, out _));
        Assert.False(LikelihoodTables.TryParse(new LikelihoodTables([s_table with { ManifestRoot = s_table.ManifestRoot.ToUpperInvariant() }]).ToJson(), out _, out _));
        Assert.False(LikelihoodTables.TryParse("null"u8, out _, out _));
    }
}
