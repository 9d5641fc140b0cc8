using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Tests.Trust;

/// <summary>What is trusted, on whose word and until when.</summary>
public sealed class TrustTests
{
    private static readonly string Evidence = "GET " + VerathosPaths.Evidence;
    private static readonly string Sealed = "POST " + VerathosPaths.Gateway;

    [Fact]
    public async Task Evidence_is_verified_once_for_many_requests()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        for (int i = 0; i < 5; i++)
            await client.CompleteAsync(TestBed.Request());

        Assert.Equal([Evidence, Sealed, Sealed, Sealed, Sealed, Sealed], bed.Node.Log);
    }

    [Fact]
    public async Task Trust_ends_with_the_keyset()
    {
        using TestBed bed = new();
        bed.Node.KeysetLife = TimeSpan.FromMinutes(10);
        bed.Node.Rotate();
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Equal(bed.Node.Keys.Keyset.NotAfter, client.Session.Current!.TrustedUntil);
        bed.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(client.Session.Current.IsTrusted);
        bed.Node.Rotate();
        Assert.True((await client.CompleteAsync(TestBed.Request())).ReceiptVerdict.Valid);
        Assert.Equal([Evidence, Evidence, Sealed], bed.Node.Log);
    }

    [Fact]
    public async Task Trust_ends_with_the_policys_maximum_age_although_the_keyset_lives_on()
    {
        using TestBed bed = new();
        bed.Options = bed.Options with { Policy = With(policy => policy["node"]!["maxEvidenceAgeSeconds"] = 120) };
        DateTimeOffset asked = bed.Clock.GetUtcNow();
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Equal(asked.AddSeconds(120), client.Session.Current!.TrustedUntil);
        bed.Clock.Advance(TimeSpan.FromSeconds(119));
        await client.CompleteAsync(TestBed.Request());
        bed.Clock.Advance(TimeSpan.FromSeconds(1));
        await client.CompleteAsync(TestBed.Request());
        Assert.Equal([Evidence, Sealed, Evidence, Sealed], bed.Node.Log);
    }

    [Fact]
    public async Task A_clock_set_back_does_not_prolong_trust()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        AdjustableWallClock clock = new(bed.Clock);
        using VerathosClient adjusted = await VerathosClient.ConnectAsync(bed.Address, bed.Options with { TimeProvider = clock });
        bed.Clock.Advance(TimeSpan.FromHours(2));
        clock.Offset = TimeSpan.FromHours(-2);
        Assert.True(clock.GetUtcNow() < adjusted.Session.Current!.TrustedUntil);
        Assert.False(adjusted.Session.Current.IsTrusted);
    }

    [Fact]
    public async Task A_call_that_waits_past_the_end_of_trust_is_not_sent_on_it()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        bool waited = false;
        bed.Node.BeforeBody = () =>
        {
            // The connection takes the request's body only after trust has ended.
            if (waited)
                return;

            waited = true;
            bed.Clock.Advance(TimeSpan.FromHours(2));
            bed.Node.Rotate();
        };
        Answer answer = await client.CompleteAsync(TestBed.Request());
        Assert.True(answer.ReceiptVerdict.Valid);
        Assert.Equal(1, bed.Node.SealedRequests);
        Assert.Equal(2, bed.Node.EvidenceRequests);
    }

    [Fact]
    public async Task New_keys_are_attested_without_failing_the_call()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Rotate();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        Assert.True(answer.ReceiptVerdict.Valid);
        Assert.Equal(bed.Node.Keys.Keyset.Digest.ToArray(), answer.Receipt.KeysetDigest.ToArray());
        Assert.Equal([Evidence, Sealed, Sealed, Evidence, Sealed], bed.Node.Log);
    }

    [Theory]
    [InlineData("binding_mismatch")]
    [InlineData("keyset_retiring")]
    [InlineData("request_replayed")]
    public async Task A_sealed_conflict_is_cured_by_fresh_evidence(string code)
    {
        using TestBed bed = new();
        bed.Node.SealedErrors.Enqueue((409, $$$"""{"error":{"message":"attest again","code":"{{{code}}}"}}"""));
        Assert.True((await bed.AnswerAsync()).ReceiptVerdict.Valid);
        Assert.Equal([Evidence, Sealed, Evidence, Sealed], bed.Node.Log);
    }

    [Fact]
    public async Task Fresh_evidence_is_tried_once_and_then_the_call_fails()
    {
        using TestBed bed = new();
        foreach (int status in (int[])[400, 400, 400])
            bed.Node.OuterErrors.Enqueue(status);
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal(ClientFailure.Protocol, failure.Failure);
        Assert.Equal([Evidence, Sealed, Evidence, Sealed], bed.Node.Log);
    }

    [Fact]
    public async Task Many_calls_that_find_trust_ended_share_one_attestation()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        bed.Clock.Advance(TimeSpan.FromHours(2));
        bed.Node.Rotate();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.CompleteAsync(TestBed.Request())));
        Assert.Equal(2, bed.Node.EvidenceRequests);
    }

    [Fact]
    public async Task A_keyset_beside_the_evidence_is_refused()
    {
        using TestBed bed = new();
        using TestKeys foreign = new(bed.Clock.GetUtcNow(), TimeSpan.FromMinutes(50), [HpkeKem.XWing]);
        bed.Node.Tampering.Evidence = evidence => Change(evidence, collection => collection with { Keyset = foreign.Keyset.Encoded });
        await Rejected(bed, "binding.report-data");
    }

    [Fact]
    public async Task Evidence_for_another_nonce_is_refused()
    {
        using TestBed bed = new();
        byte[] replay = bed.Node.Evidence(RandomNumberGenerator.GetBytes(32));
        bed.Node.Tampering.Evidence = _ => replay;
        await Rejected(bed, "binding.report-data");
    }

    [Fact]
    public async Task Evidence_that_does_not_parse_is_malformed()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Evidence = evidence => evidence[..^1];
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal(ClientFailure.EvidenceMalformed, failure.Failure);
        Assert.Equal("evidence.format", failure.Check);
    }

    [Fact]
    public async Task The_production_policy_refuses_simulated_evidence()
    {
        using TestBed bed = new();
        bed.Options = new ClientOptions { HttpMessageHandler = bed.Node, TimeProvider = bed.Clock };
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal(ClientFailure.EvidenceRejected, failure.Failure);
        Assert.False(failure.Verdict!.Value.IsAccepted);
        Assert.Equal("tdx-h100", Policy.BuiltIn("tdx-h100").Name);
    }

    [Fact]
    public async Task The_production_policy_with_simulated_roots_is_refused_before_anything_is_fetched()
    {
        using TestBed bed = new();
        bed.Options = bed.Options with { Policy = null };
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal("policy.trust-anchor", failure.Check);
        Assert.Empty(bed.Node.Log);
    }

    [Fact]
    public async Task Simulated_evidence_needs_the_callers_word()
    {
        using TestBed bed = new();
        bed.Options = bed.Options with { AllowSimulated = false };
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal(ClientFailure.SimulatedNotAllowed, failure.Failure);
    }

    [Fact]
    public async Task A_policy_that_wants_one_kem_rules_out_a_keyset_of_the_other()
    {
        using TestBed bed = new(HpkeKem.X25519);
        bed.Options = bed.Options with { Policy = With(policy => policy["node"]!["kems"] = new JsonArray("X-Wing")) };
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal("policy.node.kems", failure.Check);
    }

    [Fact]
    public async Task Requests_are_sealed_only_with_a_kem_that_the_policy_lists()
    {
        using TestBed bed = new(HpkeKem.XWing, HpkeKem.X25519);
        bed.Options = bed.Options with { Policy = With(policy => policy["node"]!["kems"] = new JsonArray("X25519")) };
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Equal(HpkeKem.X25519, client.Session.Current!.Kem);
    }

    [Fact]
    public async Task Another_installations_evidence_is_refused()
    {
        using TestBed bed = new();
        string folder = Directory.CreateTempSubdirectory("verathos-foreign-").FullName;
        try
        {
            using Simulator.Installation foreign = Simulator.Installation.OpenOrCreate(folder);
            Assert.True(TrustAnchors.TryLoadSimulated(folder, out TrustAnchors? anchors, out _));
            bed.Options = bed.Options with { TrustAnchors = anchors };
            await Rejected(bed, "quote.chain");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static Policy With(Action<JsonNode> change)
    {
        JsonNode policy = JsonNode.Parse(Policy.BuiltIn("simulated").Raw.Span)!;
        change(policy);
        return Policy.TryParse(Encoding.UTF8.GetBytes(policy.ToJsonString()), out Policy? parsed, out IReadOnlyList<string> errors)
            ? parsed!
            : throw new InvalidOperationException(string.Join("; ", errors));
    }

    private static byte[] Change(byte[] evidence, Func<EvidenceCollection, EvidenceCollection> change) =>
        EvidenceCollection.TryDecode(evidence, out EvidenceCollection? collection, out string? error) ? change(collection).Encode() : throw new InvalidOperationException(error);

    private static async Task Rejected(TestBed bed, string check)
    {
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal(ClientFailure.EvidenceRejected, failure.Failure);
        Assert.Equal(check, failure.Check);
        Assert.Equal(0, bed.Node.SealedRequests);
    }

    /// <summary>A clock whose wall time can be set back while its timestamps go on.</summary>
    private sealed class AdjustableWallClock(TimeProvider inner) : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Offset;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
    }
}
