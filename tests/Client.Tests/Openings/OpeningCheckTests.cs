using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Openings;

/// <summary>Each check of a statement about openings has one case here that only it catches.</summary>
public sealed class OpeningCheckTests
{
    private static readonly byte[] Other32 = SHA256.HashData("other"u8);

    public static TheoryData<string> Claims => new(WrongClaims.Keys);

    public static TheoryData<string> Forms => new(WrongForms.Keys);

    private static Dictionary<string, Func<OpeningStatement, OpeningStatement>> WrongClaims { get; } = new()
    {
        [OpeningCheckNames.Issuer] = statement => statement with { BootId = new byte[16] },
        [OpeningCheckNames.Keyset] = statement => statement with { KeysetDigest = Other32 },
        [OpeningCheckNames.Simulated] = statement => statement with { Simulated = false },
        [OpeningCheckNames.Request] = statement => statement with { RequestDigest = Other32 },
        [OpeningCheckNames.Nonce] = statement => statement with { Nonce = Other32 },
        [OpeningCheckNames.Receipt] = statement => statement with { ReceiptDigest = Other32 },
        [OpeningCheckNames.Asked] = statement => statement with { Ask = OpeningAsk.Openings(0, 3) },
        [OpeningCheckNames.Content] = statement => statement with { ContentDigest = Other32 },
        [OpeningCheckNames.Items] = statement => statement with { Items = 3 },
        [OpeningCheckNames.Times] = statement => statement with { IssuedAt = statement.IssuedAt.AddMinutes(6) },
    };

    private static Dictionary<string, Func<TestKeys, OpeningStatement, byte[], byte[]?>> WrongForms { get; } = new()
    {
        [OpeningCheckNames.Missing] = (_, _, _) => null,
        [OpeningCheckNames.Format] = (_, _, cose) => cose[..^1],
        [OpeningCheckNames.Unprotected] = (keys, statement, _) => CoseForms.Assemble(keys, ReceiptTypes.Opening, statement.EncodeClaims(), unprotected: new DeterministicCborMap().Add(4, "note")),
        [OpeningCheckNames.Algorithm] = (keys, statement, _) => CoseForms.Assemble(keys, ReceiptTypes.Opening, statement.EncodeClaims(), algorithm: -35),
        [OpeningCheckNames.Type] = (keys, statement, _) => CoseSign1.Sign(keys.Signing, ReceiptTypes.Receipt, statement.EncodeClaims(), out _),
        [OpeningCheckNames.LowS] = (_, _, cose) => CoseForms.WithHighS(cose),
        [OpeningCheckNames.Key] = (_, statement, _) => SignWithAnotherKey(statement),
        [OpeningCheckNames.Claims] = (keys, _, _) => CoseSign1.Sign(keys.Signing, ReceiptTypes.Opening, new DeterministicCborMap().Add(6, 1UL).Encode(), out _),
    };

    public static TheoryData<string> Kinds => ["openings", "chosen", "hashes", "chunks", "step"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Honest_openings_arrive_with_every_check_passed(string kind)
    {
        using TestBed bed = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        using AuditTicket ticket = answer.Ticket!;
        OpeningAsk ask = Ask(kind);
        OpeningAnswer opened = await client.OpenAsync(ticket, ask);
        Assert.All(opened.Verdict.Checks, check => Assert.Equal(CheckResult.Passed, check.Result));
        string[] names = [.. typeof(OpeningCheckNames).GetFields().Select(field => (string)field.GetRawConstantValue()!)];
        Assert.Equal(names.Except([OpeningCheckNames.Restarted, OpeningCheckNames.NotFound]), opened.Verdict.Checks.Select(check => check.Name));
        Assert.Equal(ask, opened.Ask);
        Assert.Equal(answer.Receipt.Digest.ToArray(), bed.Node.LastOpening!.ReceiptDigest);
        Assert.Equal(answer.Receipt.AuditCommitment.ToArray(), SHA256.HashData(bed.Node.LastOpening.AuditSecret));

        // Later and offline, by somebody who has appraised the evidence.
        ReceiptVerdict offline = OpeningVerifier.Verify(opened.StatementBytes, opened.Content, opened.Node.Evidence.Keyset!, true, ticket.ReceiptDigest, ask);
        Assert.True(offline.Valid, offline.Reason);
        Assert.Equal([OpeningCheckNames.Request, OpeningCheckNames.Nonce], offline.Checks.Where(check => check.Result == CheckResult.Waived).Select(check => check.Name));
        switch (kind)
        {
            case "openings":
                Assert.Equal([2, 3], opened.Openings().Select(one => one.Number));
                Assert.Equal([0, 1], opened.Openings()[0].Layer.ToArray());
                Assert.Equal([3, 1], opened.Openings()[1].Logits.ToArray());
                break;
            case "chosen":
                Assert.Equal([5], Assert.Single(opened.Openings()).Layer.ToArray());
                break;
            case "hashes":
                Assert.Equal(ticket.Steps, opened.StepHashes().Count);
                break;
            case "chunks":
                Assert.Equal([2], opened.Chunks().Toploc[1].ToArray());
                Assert.Equal([3, 3], opened.Chunks().Sketches[0].ToArray());
                break;
            default:
                Assert.Equal([7, 7, 7], opened.Step().ToArray());
                break;
        }

        Action[] others = [() => opened.Openings(), () => opened.StepHashes(), () => opened.Chunks(), () => opened.Step()];
        Assert.Equal(3, others.Count(other => Record.Exception(other) is InvalidOperationException));
    }

    [Theory]
    [MemberData(nameof(Claims))]
    public async Task A_wrong_claim_under_a_valid_signature_falls_to_its_own_check(string check)
    {
        using TestBed bed = Committed();
        bed.Node.Tampering.Opening = WrongClaims[check];
        await FallsTo(bed, check);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_wrong_form_or_signature_falls_to_its_own_check(string check)
    {
        using TestBed bed = Committed();
        bed.Node.Tampering.OpeningBytes = WrongForms[check];
        await FallsTo(bed, check);
    }

    [Theory]
    [InlineData("openings")]
    [InlineData("chosen")]
    [InlineData("hashes")]
    [InlineData("chunks")]
    [InlineData("step")]
    public async Task Another_number_of_items_falls_to_its_check(string kind)
    {
        using TestBed bed = Committed();
        bed.Node.Tampering.OpeningItems = items => kind == "hashes" ? [items[0][..^32]] : [.. items, [1]];
        await FallsTo(bed, OpeningCheckNames.Items, kind);
    }

    /// <summary>Content that was cut or changed inside the seal falls to the statement; cut outside, the seal itself.</summary>
    [Theory]
    [InlineData("cut")]
    [InlineData("changed")]
    public async Task Content_that_is_not_the_signed_one_falls_to_its_check(string how)
    {
        using TestBed bed = Committed();
        bed.Node.Tampering.OpeningContent = content =>
        {
            byte[] changed = how == "cut" ? content[..^6] : [.. content];
            changed[^1] ^= 1;
            return changed;
        };
        using VerathosClient client = await bed.ConnectAsync();
        VerathosException failure = await OpeningFailure(client, Ask("openings"));
        Assert.Equal((ClientFailure.OpeningInvalid, OpeningCheckNames.Content), (failure.Failure, failure.Check));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 0)]
    [InlineData(1, 9)]
    public async Task A_cut_answer_is_broken(int pieces, int bytes)
    {
        using TestBed bed = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        bed.Node.Tampering.Wire = sent => [.. sent[..pieces], sent[pieces][..bytes]];
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(answer.Ticket!, Ask("openings")));
        Assert.Equal((ClientFailure.StreamBroken, "stream.authentic"), (failure.Failure, failure.Check));
    }

    [Theory]
    [InlineData(404, "opening_not_found", OpeningCheckNames.NotFound)]
    [InlineData(410, "opening_expired", "opening.expired")]
    [InlineData(410, "opening_evicted", "opening.evicted")]
    [InlineData(403, "opening_budget", "opening.budget")]
    [InlineData(429, "opening_rate", "opening.rate")]
    [InlineData(503, "opening_busy", "opening.busy")]
    [InlineData(422, "opening_out_of_range", "opening.out-of-range")]
    [InlineData(500, "internal_error", null)]
    public async Task A_refusal_is_named(int status, string code, string? check)
    {
        using TestBed bed = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        bed.Node.SealedErrors.Enqueue((status, $$$"""{"error":{"message":"no","type":"x","param":null,"code":"{{{code}}}"}}"""));
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(answer.Ticket!, Ask("step")));
        Assert.Equal((ClientFailure.Refused, status, code, check), (failure.Failure, failure.StatusCode, failure.Code, failure.Check));
    }

    /// <summary>A node that knows nothing after a restart is told from one that denies what it signed: by its attested boot.</summary>
    [Fact]
    public async Task A_restart_has_a_name_of_its_own()
    {
        using TestBed bed = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        bed.Node.Rotate();
        await client.Session.AttestAsync();
        bed.Node.SealedErrors.Enqueue((404, """{"error":{"message":"no","type":"x","param":null,"code":"opening_not_found"}}"""));
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(answer.Ticket!, Ask("step")));
        Assert.Equal((ClientFailure.Refused, OpeningCheckNames.Restarted), (failure.Failure, failure.Check));
    }

    /// <summary>A stale binding is cured once by fresh evidence, like any request's.</summary>
    [Fact]
    public async Task Stale_keys_are_renewed()
    {
        using TestBed bed = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        bed.Node.SealedErrors.Enqueue((409, """{"error":{"message":"no","type":"x","param":null,"code":"keyset_retiring"}}"""));
        OpeningAnswer opened = await client.OpenAsync(answer.Ticket!, Ask("step"));
        Assert.Equal(2, client.Session.Attestations);
        Assert.Equal([7, 7, 7], opened.Step().ToArray());
    }

    [Fact]
    public async Task A_ticket_of_another_node_is_not_sent()
    {
        using TestBed bed = Committed();
        using TestBed other = Committed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(TestBed.Request());
        using VerathosClient elsewhere = await VerathosClient.ConnectAsync(new Uri("http://other.test"), other.Options);
        await Assert.ThrowsAsync<ArgumentException>(() => elsewhere.OpenAsync(answer.Ticket!, Ask("step")));
    }

    private static OpeningAsk Ask(string kind) => kind switch
    {
        "openings" => OpeningAsk.Openings(2, 2),
        "chosen" => OpeningAsk.Chosen(1, 0, 0, 0, 3),
        "hashes" => OpeningAsk.StepHashes,
        "chunks" => OpeningAsk.Chunks,
        _ => OpeningAsk.Step(1),
    };

    private static async Task<VerathosException> OpeningFailure(VerathosClient client, OpeningAsk ask)
    {
        Answer answer = await client.CompleteAsync(TestBed.Request());
        return await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(answer.Ticket!, ask));
    }

    private static async Task FallsTo(TestBed bed, string check, string kind = "openings")
    {
        using VerathosClient client = await bed.ConnectAsync();
        VerathosException failure = await OpeningFailure(client, Ask(kind));
        Assert.Equal((ClientFailure.OpeningInvalid, check), (failure.Failure, failure.Check));
        Assert.Equal([check], failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));
    }

    private static byte[] SignWithAnotherKey(OpeningStatement statement)
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return statement.Sign(other);
    }

    private static TestBed Committed()
    {
        TestBed bed = new();
        bed.Node.Configuration = bed.Node.Configuration with { NumericProfile = CommittedProfiles.Served };
        bed.Options = bed.Options with { KeepTickets = true };
        return bed;
    }
}
