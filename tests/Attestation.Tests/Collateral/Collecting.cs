using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>Collects for one piece of evidence from a server on loopback, quickly patient.</summary>
internal static class Collecting
{
    public static FetchLimits Limits { get; } = new()
    {
        Attempt = TimeSpan.FromSeconds(5),
        Total = TimeSpan.FromSeconds(20),
        Retries = 2,
        FirstDelay = TimeSpan.FromMilliseconds(5),
    };

    public static CollateralServices At(ReplayServer server) => new()
    {
        IntelPcs = server.Address,
        IntelRootCrl = new Uri(server.Address, IntelService.RootCrl),
        AmdKds = server.Address,
        NvidiaRim = server.Address,
        NvidiaOcsp = new Uri(server.Address, "/ocsp"),
    };

    public static async Task<CollectedCollateral> CollectAsync(
        ReplayServer? server, CollateralRequest request, TrustAnchors anchors, DateTimeOffset at, CollateralCache? cache = null, FetchLimits? limits = null,
        CollectOptions? options = null, CollateralServices? services = null, bool nonce = false)
    {
        Assert.True(CollateralPlan.TryCreate(request, anchors, out CollateralPlan? plan, out string problem), problem);
        using CollateralTransport transport = CollateralTransport.Create(limits ?? Limits);
        CollateralNetwork? network = server is null ? null : new CollateralNetwork(transport, services ?? At(server), nonce);
        return await plan!.CollectAsync(new CollateralCollector(anchors, at, options ?? new CollectOptions(), cache, network), TestContext.Current.CancellationToken);
    }

    public static CollateralRequest Quote(byte[] quote, TcbSelection? selection = null) =>
        new() { Evidence = quote, Format = EvidenceFormat.Quote, Selection = selection ?? TcbSelection.Default };

    public static string Refused(CollateralRequest request, TrustAnchors anchors)
    {
        Assert.False(CollateralPlan.TryCreate(request, anchors, out CollateralPlan? plan, out string problem));
        Assert.Null(plan);
        return problem;
    }
}
