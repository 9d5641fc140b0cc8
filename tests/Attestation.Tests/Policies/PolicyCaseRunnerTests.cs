using System.Text;
using Verathos.Attestation.Policies;
using Verathos.Simulator.Cases;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>The runner itself: a case that does not hold, or that nobody wrote, must not go unnoticed.</summary>
public sealed class PolicyCaseRunnerTests
{
    private static readonly Policy Shipped = Policy.BuiltIn("simulated");

    public static TheoryData<string, string> Wrong => new()
    {
        { """{"accept":[{"name":"x","change":{"tdx.mrTd":"MRTD"}}],"reject":[]}""".Replace("MRTD", new string('1', 96), StringComparison.Ordinal), "rejected by policy.tdx.mrTd" },
        { """{"accept":[],"reject":[{"name":"x","line":"tdx.mrTd","change":{}}]}""", "accepted" },
        { """{"accept":[],"reject":[{"name":"x","check":"quote.chain","change":{}}]}""", "accepted" },
        { """{"accept":[],"reject":[{"name":"x","line":"tdx.rtmr0","change":{"tdx.mrTd":"MRTD"}}]}""".Replace("MRTD", new string('1', 96), StringComparison.Ordinal), "rejected also by policy.tdx.mrTd" },
        { """{"accept":[],"reject":[{"name":"x","check":"quote.chain","change":{"quote.flip":200}}]}""", "rejected by quote.signature" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_case_that_does_not_come_out_as_stated_is_reported(string cases, string actual)
    {
        using PolicyCaseRunner runner = new(TimeProvider.System);

        PolicyCaseResult result = Assert.Single(runner.Run("simulated.json", Shipped.Raw, Encoding.UTF8.GetBytes(cases)), item => item.Case == "x");

        Assert.False(result.Ok);
        Assert.StartsWith(actual, result.Actual, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_a_case_is_reported()
    {
        using PolicyCaseRunner runner = new(TimeProvider.System);

        IReadOnlyList<PolicyCaseResult> results = runner.Run("simulated.json", Shipped.Raw, """{"accept":[],"reject":[]}"""u8.ToArray());

        Assert.Equal(PolicyEdit.RequiredLines(Shipped).Count, results.Count(result => !result.Ok));
        Assert.Contains(results, result => result is { Case: "line tdx.mrTd", Ok: false });
        Assert.DoesNotContain(results, result => result.Case == "line tdx.ppids");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"accept":[]}""")]
    [InlineData("""{"accept":[{"name":"x","change":{"tdx.noSuchField":1}}],"reject":[]}""")]
    [InlineData("""{"accept":[{"name":"x","change":{"tdx.mrTd":"00"}}],"reject":[]}""")]
    [InlineData("""{"accept":[{"name":"x","change":{"gpu.count":"two"}}],"reject":[]}""")]
    [InlineData("""{"accept":[],"reject":[{"name":"x","change":{}}]}""")]
    public void Cases_that_do_not_parse_are_an_error_that_says_where(string cases)
    {
        using PolicyCaseRunner runner = new(TimeProvider.System);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => runner.Run("simulated.json", Shipped.Raw, Encoding.UTF8.GetBytes(cases)));

        Assert.NotEmpty(error.Message);
    }

    [Fact]
    public void A_policy_without_a_case_file_is_an_error()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-cases-");
        try
        {
            using PolicyCaseRunner runner = new(TimeProvider.System);
            Assert.Throws<InvalidDataException>(() => runner.RunFolder(folder.FullName));
            File.WriteAllBytes(Path.Combine(folder.FullName, "a.json"), Shipped.Raw.ToArray());
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => runner.RunFolder(folder.FullName));
            Assert.Contains("a.json", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
