using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tests.RoundTrip;

/// <summary>Minted quotes through the verifier that checks hardware's.</summary>
public sealed class QuoteRoundTripTests(TestInstallation test) : IClassFixture<TestInstallation>
{
    private static readonly TdxQuoteSpec Quote = new() { ReportData = new byte[64] };
    private static readonly CollateralSpec Good = new();

    public static TheoryData<string, Case> Accepted => new()
    {
        { "defaults", new(Quote, Good, TcbStatus.UpToDate) },
        { "leaf, root, intermediate", new(Quote with { ChainOrder = PckChainOrder.LeafRootIntermediate }, Good, TcbStatus.UpToDate) },
        { "root, intermediate, leaf", new(Quote with { ChainOrder = PckChainOrder.RootIntermediateLeaf }, Good, TcbStatus.UpToDate) },
        { "padding, no NUL", new(Quote with { TrailingZeros = 3065, PemEndsInNul = false }, Good, TcbStatus.UpToDate) },
        { "7 bytes of authentication data", new(Quote with { Qe = new() { AuthenticationData = new byte[7] } }, Good, TcbStatus.UpToDate) },
        { "processor authority", new(Quote with { Pck = new() { Ca = PckCa.Processor } }, Good with { Ca = PckCa.Processor }, TcbStatus.UpToDate) },
        {
            "older microcode",
            new(Quote with { Pck = new() { TcbComponents = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0] } }, Good, TcbStatus.OutOfDate)
        },
        {
            "older module",
            new(Quote with { TeeTcbSvn = [11, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, Good, TcbStatus.OutOfDate)
        },
        { "older quoting enclave", new(Quote with { Qe = new() { IsvSvn = 3 } }, Good, TcbStatus.OutOfDate) },
        { "somebody else revoked", new(Quote, Good with { RevokedPcks = [[0x41, 2, 3]] }, TcbStatus.UpToDate) },
    };

    [Theory]
    [MemberData(nameof(Accepted), DisableDiscoveryEnumeration = true)]
    public void Verifies(string name, Case minted)
    {
        Verdict verdict = Appraise(minted);
        Assert.True(verdict.IsAccepted, $"{name}: {verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
        Assert.Equal(minted.Status, verdict.TcbStatus);
        Assert.True(verdict.Simulated);
        Assert.Equal(minted.Status == TcbStatus.UpToDate, verdict.Advisories.Count == 0);
    }

    [Fact]
    public void Another_installation_is_refused()
    {
        using var other = new TestInstallation();
        Verdict verdict = Appraiser.AppraiseQuote(
            other.Installation.Tdx.Mint(Quote), other.Installation.Collateral.Current, null, Anchors(test), test.Time.GetUtcNow(), TimeSource.Verifier);
        Assert.Equal((VerdictKind.Rejected, CheckNames.QuoteChain), (verdict.Kind, verdict.Reason));
    }

    private Verdict Appraise(Case minted) => Appraiser.AppraiseQuote(
        test.Installation.Tdx.Mint(minted.Quote),
        test.Installation.Collateral.Mint(minted.Collateral),
        null,
        Anchors(test),
        test.Time.GetUtcNow(),
        TimeSource.Verifier);

    private static TrustAnchors Anchors(TestInstallation installation)
    {
        Assert.True(TrustAnchors.TryLoadSimulated(installation.Folder, out TrustAnchors? anchors, out string? error), error);
        return anchors!;
    }

    public sealed record Case(TdxQuoteSpec Quote, CollateralSpec Collateral, TcbStatus Status);
}
