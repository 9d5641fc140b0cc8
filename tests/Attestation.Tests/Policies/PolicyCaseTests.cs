using Verathos.Simulator.Cases;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>The shipped policies against their own cases, as <c>verathos policy test</c> runs them.</summary>
public sealed class PolicyCaseTests
{
    [Theory]
    [InlineData("simulated.json")]
    [InlineData("tdx-h100.json")]
    [InlineData("sgx.json")]
    [InlineData("snp-h100.json")]
    [InlineData("azure.json")]
    [InlineData("tokens.json")]
    public void Every_case_of_a_shipped_policy_comes_out_as_stated(string policy)
    {
        string folder = Path.Combine(Vectors.RepositoryRoot, "policies");
        using PolicyCaseRunner runner = new(TimeProvider.System);

        IReadOnlyList<PolicyCaseResult> results = runner.Run(
            policy, File.ReadAllBytes(Path.Combine(folder, policy)), File.ReadAllBytes(Path.Combine(folder, "cases", policy)));

        Assert.True(results.Count > 20, $"{results.Count} cases");
        Assert.Empty(results.Where(result => !result.Ok).Select(result => $"{result.Case}: expected {result.Expected}, got {result.Actual}"));
    }
}
