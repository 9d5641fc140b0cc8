using System.Text.Json;
using Verathos.Attestation.Policies;
using Verathos.Host.Cli;
using Verathos.Simulator;
using Verathos.Simulator.Cases;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Host.Tests.Commands;

/// <summary>A file with a lone quote under a policy that is named: one about nodes may reject it, and leaves it unappraised otherwise.</summary>
public sealed class EvidencePieceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;
    private readonly Installation _installation;

    public EvidencePieceTests()
    {
        _installation = Installation.OpenOrCreate(Path.Combine(_folder, "sim"));
        File.WriteAllBytes(Path.Combine(_folder, "collateral.json"), _installation.Collateral.Current);
    }

    public void Dispose()
    {
        _installation.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AGoodQuoteIsVerifiedButNotAppraised()
    {
        (ExitCode code, string output, _) = await VerifyAsync(new TdxQuoteSpec { ReportData = new byte[64] }, null, ["--json"]);

        Assert.Equal(ExitCode.NotAppraised, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal(11, document.RootElement.GetProperty("exit").GetInt32());
        JsonElement verdict = document.RootElement.GetProperty("verdict");
        Assert.False(verdict.GetProperty("appraised").GetBoolean());
        Assert.StartsWith("not looked at", verdict.GetProperty("claims").GetProperty("node.lines").GetString(), StringComparison.Ordinal);
        Assert.Equal("node.kems", verdict.GetProperty("unevaluated")[2].GetString());
        Assert.Equal(["chain", "signature"], verdict.GetProperty("checks").EnumerateArray().Take(2).Select(check => check.GetProperty("name").GetString()));
        Assert.Contains(verdict.GetProperty("checks").EnumerateArray(), check => check.GetProperty("name").GetString() == "policy.tdx.mrTd");
    }

    [Fact]
    public async Task APolicyThatWaivesWhatAQuoteCannotAnswerAppraisesIt()
    {
        Policy policy = Policy.BuiltIn("simulated");
        foreach (string line in (string[])["node.maxEvidenceAgeSeconds", "node.maxKeysetLifetimeSeconds", "node.kems", "node.topologies"])
            policy = PolicyEdit.WithLineWaived(policy, line);
        string path = Path.Combine(_folder, "policy.json");
        File.WriteAllBytes(path, policy.Raw.ToArray());
        (ExitCode code, _, _) = await VerifyAsync(new TdxQuoteSpec { ReportData = new byte[64] }, path);

        Assert.Equal(ExitCode.Accepted, code);
    }

    [Fact]
    public async Task TheTextSaysThatTheNodesLinesWereNotLookedAt()
    {
        (ExitCode code, string output, _) = await VerifyAsync(new TdxQuoteSpec { ReportData = new byte[64] });

        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Contains("VERIFIED, NOT APPRAISED", output, StringComparison.Ordinal);
        Assert.Contains("not evaluated, because this evidence cannot answer them: node.maxEvidenceAgeSeconds", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AQuoteThatALineRefusesIsRejected()
    {
        (ExitCode code, _, _) = await VerifyAsync(new TdxQuoteSpec { ReportData = new byte[64], MrTd = new byte[48] });

        Assert.Equal(ExitCode.Rejected, code);
    }

    private Task<(ExitCode Code, string Output, string Error)> VerifyAsync(TdxQuoteSpec quote, string? policy = null) => VerifyAsync(quote, policy, []);

    private async Task<(ExitCode Code, string Output, string Error)> VerifyAsync(TdxQuoteSpec quote, string? policy, string[] more)
    {
        string file = Path.Combine(_folder, "quote.bin");
        File.WriteAllBytes(file, _installation.Tdx.Mint(quote));
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync(
            [
                "evidence", "verify", file, "--collateral", Path.Combine(_folder, "collateral.json"), "--allow-simulated",
                "--policy", policy ?? Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json"), "--trust-anchor", Path.Combine(_folder, "sim"), .. more,
            ],
            output,
            error,
            TestContext.Current.CancellationToken);
        return ((ExitCode)code, output.ToString(), error.ToString());
    }
}
