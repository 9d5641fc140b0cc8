using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Remote;
using Verathos.Enclave.Tests.Serving;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;
using Verathos.Testing;

namespace Verathos.Enclave.Tests.Openings;

/// <summary>Answers are committed to, and open to whoever holds the audit secret and to nobody else.</summary>
public sealed class OpeningTests
{
    private static readonly TraceShape Shape = ValidatorShape(TestNode.TinyShape);

    /// <summary>The stream commits with each token, the receipt to the same steps, and the roots are those of the shown hashes and proofs; whatever ends the answer.</summary>
    [Theory]
    [InlineData("\"max_tokens\":70")]
    [InlineData("\"max_tokens\":1")]
    [InlineData("\"max_tokens\":200,\"temperature\":0,\"stop\":STOP")]
    [InlineData("\"max_tokens\":40,\"response_format\":{\"type\":\"json_object\"}")]
    public async Task RootsBelongToTheStepsThatTheReceiptCounts(string members)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        if (members.Contains("STOP", StringComparison.Ordinal))
        {
            TestAnswer free = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":60,\"temperature\":0"));
            members = members.Replace("STOP", System.Text.Json.JsonSerializer.Serialize(free.Text[20..21]), StringComparison.Ordinal);
        }

        TestRequest request = TestNode.Chat(evidence, members);
        TestAnswer answer = await node.SendAsync(request);
        answer.AssertProved();
        Assert.Equal(answer.OutputIds.Length, answer.Traces.Count);
        Assert.Equal(answer.OutputIds.Length, answer.Traces.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(answer.Traces[^1], answer.Receipt.TraceRoot!.Value.ToArray());

        int steps = answer.PromptIds.Length + answer.OutputIds.Length - 1;
        byte[] hashes = Assert.Single(await OpenAsync(node, evidence, request, answer, OpeningAsk.StepHashes)).ToArray();
        Assert.Equal(32 * steps, hashes.Length);
        byte[] root = new byte[32];
        TraceHash.Root(Shape, steps, MerkleTree.Root([.. hashes.Chunk(32)]), root);
        Assert.Equal(answer.Traces[^1], root);

        IReadOnlyList<ReadOnlyMemory<byte>> chunks = await OpenAsync(node, evidence, request, answer, OpeningAsk.Chunks);
        int count = (int)BinaryPrimitives.ReadUInt32BigEndian(chunks[0].Span);
        Assert.Equal(1 + ((answer.OutputIds.Length - 1 + 31) / 32), count);
        Assert.Equal(1 + (2 * count), chunks.Count);
        using TraceSalts salts = new(TraceSecret.Derive(answer.Secret));
        (ChunkCommitment toploc, ChunkCommitment sketches) = (ChunkCommitment.ForToploc(salts), ChunkCommitment.ForSketches(salts));
        for (int i = 0; i < count; i++)
        {
            toploc.Append(chunks[1 + i].Span);
            sketches.Append(chunks[1 + count + i].Span);
            Assert.Equal(2 * 128, chunks[1 + count + i].Length);
        }

        Assert.Equal(answer.Receipt.ToplocRoot!.Value.ToArray(), toploc.Root());
        Assert.Equal(answer.Receipt.SketchRoot!.Value.ToArray(), sketches.Root());
    }

    /// <summary>In process and over the socket alike: what is opened passes the judges of somebody who has keys only.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnHonestNodesOpeningsPassTheJudges(bool split)
    {
        string path = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");
        LoadedModel model = ModelLoader.Load(path, new LoadOptions { Name = "tiny", Threads = 1 }, null, TestContext.Current.CancellationToken);
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { Topology = split ? EnclaveTopology.Split : EnclaveTopology.InProcess }, model: model);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-socket-");
        string socket = Path.Combine(folder.FullName, "enclave.sock");
        await using EnclaveHost? host = split ? await EnclaveHost.ListenAsync(node.Core, socket, TestContext.Current.CancellationToken) : null;
        await using GrpcEnclave? remote = split ? GrpcEnclave.Connect(socket) : null;
        IEnclave enclave = remote ?? (IEnclave)node.Core;
        TestEvidence evidence = await TestNode.AttestAsync(enclave);
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":50,\"seed\":5,\"temperature\":0.8,\"top_p\":0.95,\"top_k\":40");
        TestAnswer answer = await TestNode.SendAsync(enclave, request);
        int[] ids = [.. answer.PromptIds, .. answer.OutputIds];

        using Judges judges = new(path);
        TraceShape shape = judges.Constants.Shape;
        CommittedTrace trace = new(shape, ids.Length - 1, answer.Receipt.TraceRoot!.Value);
        DrawnToken drawn = new(SamplingParameters.FromDecimals(0.8, 0.95, 40), SamplingSeed.Derive(5, request.ClientNonce), answer.PromptIds.Length, Array.Empty<ulong>());
        IReadOnlyList<ReadOnlyMemory<byte>> items = await OpenAsync(enclave, evidence, request, answer, OpeningAsk.Openings(2, 4));
        Assert.Equal(8, items.Count);
        for (int i = 0; i < 4; i++)
        {
            OpeningPlan plan = OpeningPlan.Derive(request.AuditSecret, answer.Receipt.Digest.Span, 2 + i, shape, judges.Constants.Heads, answer.PromptIds.Length, ids.Length - 1);
            judges.AssertAccepted(plan, trace, ids, drawn, items[2 * i], items[(2 * i) + 1]);
        }

        OpeningPlan chosen = new(7, 1, 3, 2, ids.Length - 2);
        items = await OpenAsync(enclave, evidence, request, answer, OpeningAsk.Chosen(7, 1, 3, 2, ids.Length - 2));
        judges.AssertAccepted(chosen, trace, ids, drawn, items[0], items[1]);
        items = await OpenAsync(enclave, evidence, request, answer, OpeningAsk.Step(9));
        Assert.True(OpeningEncoding.TryDecode(Assert.Single(items).Span, shape, out StepOpening? step));
        Assert.True(step.IsIn(trace));
        EnclaveCounters counters = (await enclave.GetStatusAsync()).Counters;
        Assert.Equal((6, 0, 0, 1), (counters.Openings, counters.OpeningsRefused, counters.OpeningsFailed, counters.Kept));
        Assert.InRange(counters.KeptBytes, ids.Length * 36, 100_000);
        folder.Delete(recursive: true);
    }

    /// <summary>Whoever does not hold the secret learns nothing: no receipt, a wrong secret and a forgotten answer look the same.</summary>
    [Fact]
    public async Task StrangersGetOneAnswer()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        byte[] digest = answer.Receipt.Digest.ToArray();
        byte[] stranger = RandomNumberGenerator.GetBytes(32);
        HashSet<string> seen = [];
        foreach (OpeningRequest asked in (OpeningRequest[])[
            new(digest, stranger, OpeningAsk.StepHashes), new(RandomNumberGenerator.GetBytes(32), request.AuditSecret, OpeningAsk.StepHashes),
            new(digest, new byte[32], OpeningAsk.StepHashes), new(new byte[32], new byte[32], OpeningAsk.StepHashes),
            new(digest, stranger, OpeningAsk.Step(1_000_000)), new(digest, stranger, OpeningAsk.Openings(0, 1_000_000))])
        {
            TestAnswer refused = await node.SendAsync(TestNode.Openings(evidence, asked));
            Assert.Equal((404, "opening_not_found"), (refused.Status, refused.ErrorCode));
            seen.Add(refused.Content);
        }

        Assert.Single(seen);
        Assert.Equal(6, (await node.Core.GetStatusAsync()).Counters.OpeningsRefused);
        Assert.Single(await OpenAsync(node, evidence, request, answer, OpeningAsk.StepHashes));
    }

    [Fact]
    public async Task WhatAnAnswerDoesNotHaveIsRefusedByName()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { OpeningsPerReceipt = 5, OpeningsPerMinute = 7 });
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        int steps = answer.PromptIds.Length + answer.OutputIds.Length - 1;
        foreach (OpeningAsk ask in (OpeningAsk[])[
            OpeningAsk.Step(steps), OpeningAsk.Chosen(steps, 0, 0, 0, steps - 1), OpeningAsk.Chosen(0, 2, 0, 0, steps - 1), OpeningAsk.Chosen(0, 0, 4, 0, steps - 1),
            OpeningAsk.Chosen(0, 0, 0, 1, steps - 1), OpeningAsk.Chosen(0, 0, 0, 0, steps), OpeningAsk.Chosen(0, 0, 0, 0, answer.PromptIds.Length - 2)])
        {
            await AssertRefusedAsync(node, evidence, request, answer, ask, 422, "opening_out_of_range");
        }

        await AssertRefusedAsync(node, evidence, request, answer, OpeningAsk.Openings(0, 6), 403, "opening_budget");
        await OpenAsync(node, evidence, request, answer, OpeningAsk.Openings(0, 4));
        await AssertRefusedAsync(node, evidence, request, answer, OpeningAsk.Openings(0, 2), 403, "opening_budget");
        await OpenAsync(node, evidence, request, answer, OpeningAsk.Step(0));
        await AssertRefusedAsync(node, evidence, request, answer, OpeningAsk.StepHashes, 403, "opening_budget");

        TestRequest second = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer other = await node.SendAsync(second);
        TestAnswer late = await AssertRefusedAsync(node, evidence, second, other, OpeningAsk.Openings(0, 3), 429, "opening_rate");
        Assert.InRange(int.Parse(BhttpFields.Single(late.Fields, "retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 9);
        await OpenAsync(node, evidence, second, other, OpeningAsk.Openings(0, 2));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a0")]
    [InlineData("{}")]
    public async Task WhatIsNoRequestIsRefused(string content)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        byte[] body = content == "a0" ? [0xa0] : System.Text.Encoding.ASCII.GetBytes(content);
        TestAnswer refused = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Openings, body, OpeningRequest.MediaType));
        Assert.Equal((400, "invalid_opening"), (refused.Status, refused.ErrorCode));
        Assert.Equal(405, (await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Openings, body, OpeningRequest.MediaType, "GET"))).Status);
        TestAnswer unbound = await node.SendAsync(TestNode.Seal(
            evidence, VerathosPaths.Openings, body, OpeningRequest.MediaType,
            fields: fields => [.. fields.Select(field => field.Name == VerathosHeaders.Binding ? field with { Value = new string('0', 96) } : field)]));
        Assert.Equal((409, "binding_mismatch"), (unbound.Status, unbound.ErrorCode));
    }

    [Fact]
    public async Task ARequestForOpeningsIsNotPlayedTwice()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        TestRequest asked = TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, OpeningAsk.StepHashes));
        Assert.Equal(200, (await node.SendAsync(asked)).Status);
        TestAnswer again = await node.SendAsync(asked);
        Assert.Equal((409, "request_replayed"), (again.Status, again.ErrorCode));
    }

    /// <summary>An answer is kept for its time, and then the holder of the secret learns that it is over, and a stranger nothing.</summary>
    [Fact]
    public async Task AnswersExpire()
    {
        FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { KeptFor = TimeSpan.FromMinutes(2) }, time);
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        time.Advance(TimeSpan.FromSeconds(119));
        await OpenAsync(node, evidence, request, answer, OpeningAsk.StepHashes);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, (await node.Core.GetStatusAsync()).Counters.Kept);
        await AssertRefusedAsync(node, evidence, request, answer, OpeningAsk.StepHashes, 410, "opening_expired");
        TestAnswer stranger = await node.SendAsync(TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), new byte[32], OpeningAsk.StepHashes)));
        Assert.Equal("opening_not_found", stranger.ErrorCode);
    }

    [Fact]
    public async Task TheOldestMakeRoom()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { MaxKeptAnswers = 2 });
        TestEvidence evidence = await node.AttestAsync();
        List<(TestRequest Request, TestAnswer Answer)> answers = [];
        for (int i = 0; i < 3; i++)
        {
            TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
            answers.Add((request, await node.SendAsync(request)));
        }

        await AssertRefusedAsync(node, evidence, answers[0].Request, answers[0].Answer, OpeningAsk.Openings(0, 1), 410, "opening_evicted");
        await OpenAsync(node, evidence, answers[1].Request, answers[1].Answer, OpeningAsk.Openings(0, 1));
        await OpenAsync(node, evidence, answers[2].Request, answers[2].Answer, OpeningAsk.Openings(0, 1));
        EnclaveCounters counters = (await node.Core.GetStatusAsync()).Counters;
        Assert.Equal((2, 1), (counters.Kept, counters.Evicted));
    }

    /// <summary>Keys that a change destroys take the answers with them; a successor's keys open what was signed before.</summary>
    [Fact]
    public async Task AChangeOfTheModelDestroysWhatWasKept()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        await node.Core.ReplaceModelAsync(TestNode.TinyModel(seed: 9), TestContext.Current.CancellationToken);
        await AssertRefusedAsync(node, await node.AttestAsync(), request, answer, OpeningAsk.StepHashes, 410, "opening_evicted");
    }

    [Fact]
    public async Task ASuccessorKeysetOpensToo()
    {
        FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);
        TestEvidence evidence = await node.AttestAsync();
        time.Advance(TimeSpan.FromMinutes(49));
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        time.Advance(TimeSpan.FromMinutes(2));
        TestEvidence later = evidence;
        for (int i = 0; i < 500 && later.Keyset.Digest.Span.SequenceEqual(evidence.Keyset.Digest.Span); i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            later = await node.AttestAsync();
        }

        Assert.NotEqual(evidence.Keyset.Digest.ToArray(), later.Keyset.Digest.ToArray());
        Assert.Equal(2, (await OpenAsync(node, later, request, answer, OpeningAsk.Openings(0, 1))).Count);
    }

    [Fact]
    public async Task AnotherNodeKnowsNothing()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        await using TestNode restarted = await TestNode.StartAsync();
        await AssertRefusedAsync(restarted, await restarted.AttestAsync(), request, answer, OpeningAsk.StepHashes, 404, "opening_not_found");
    }

    /// <summary>A profile that commits nothing serves as before, and opens nothing.</summary>
    [Fact]
    public async Task OtherProfilesHaveNoRoots()
    {
        LoadedModel model = RandomModel.Create(TestNode.TinyShape, 1, new LoadOptions { Name = "tiny", Threads = 1, Profile = NumericProfile.F32 });
        await using TestNode node = await TestNode.StartAsync(model: model);
        TestEvidence evidence = await node.AttestAsync();
        Assert.True(NodeConfiguration.TryParse(evidence.Collection.Configuration.Span, out NodeConfiguration? configuration));
        Assert.Null(configuration.Openings);
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":5");
        TestAnswer answer = await node.SendAsync(request);
        answer.AssertProved();
        Assert.Null(answer.Receipt.TraceRoot);
        Assert.Null(answer.Receipt.SketchRoot);
        Assert.Null(answer.Receipt.ToplocRoot);
        Assert.Empty(answer.Traces);
        await AssertRefusedAsync(node, evidence, request, answer, OpeningAsk.StepHashes, 404, "opening_not_found");
    }

    [Fact]
    public async Task TheConfigurationSaysHowLongAnswersAreKept()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { KeptFor = TimeSpan.FromSeconds(90), OpeningsPerReceipt = 3, OpeningsPerMinute = 11 });
        Assert.True(NodeConfiguration.TryParse((await node.AttestAsync()).Collection.Configuration.Span, out NodeConfiguration? configuration));
        Assert.Equal(new OpeningLimits(90, 3, 11), configuration.Openings);
        Assert.Equal(CommittedProfiles.Served, NumericProfile.Served.Identifier);
    }

    /// <summary>Openings of several models' answers are computed by each one's own engine, beside answers of both.</summary>
    [Fact]
    public async Task SeveralModelsOpenTheirOwnAnswers()
    {
        LoadedModel[] models = [TestNode.TinyModel(), RandomModel.Create(TestNode.TinyShape, 2, new LoadOptions { Name = "other", Threads = 1, Profile = NumericProfile.Served })];
        await using EnclaveCore core = await EnclaveCore.StartAsync(models, new SimulatedDriver(TestNode.Installation, 0), new EnclaveOptions(), cancellationToken: TestContext.Current.CancellationToken);
        TestEvidence evidence = await TestNode.AttestAsync(core);
        List<(TestRequest Request, TestAnswer Answer)> answers = [];
        foreach (string name in (string[])["tiny", "other"])
        {
            TestRequest request = TestNode.Seal(evidence, VerathosPaths.Completions, $$"""{"model":"{{name}}","prompt":[1,2,3],"max_tokens":20}""");
            answers.Add((request, await TestNode.SendAsync(core, request)));
        }

        Task<TestAnswer>[] serving = [.. Enumerable.Range(0, 4).Select(i => TestNode.SendAsync(core, TestNode.Chat(evidence, "\"max_tokens\":200")))];
        foreach ((TestRequest request, TestAnswer answer) in answers)
        {
            IReadOnlyList<ReadOnlyMemory<byte>> items = await OpenAsync(core, evidence, request, answer, OpeningAsk.Step(4));
            Assert.True(OpeningEncoding.TryDecode(items[0].Span, Shape, out StepOpening? step));
            Assert.True(step.IsIn(new CommittedTrace(Shape, 22, answer.Receipt.TraceRoot!.Value)));
        }

        Assert.All(await Task.WhenAll(serving), answer => answer.AssertProved());
    }

    private static Task<IReadOnlyList<ReadOnlyMemory<byte>>> OpenAsync(TestNode node, TestEvidence evidence, TestRequest request, TestAnswer answer, OpeningAsk ask) =>
        OpenAsync(node.Core, evidence, request, answer, ask);

    private static async Task<IReadOnlyList<ReadOnlyMemory<byte>>> OpenAsync(IEnclave enclave, TestEvidence evidence, TestRequest request, TestAnswer answer, OpeningAsk ask)
    {
        TestRequest asked = TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, ask));
        TestAnswer opened = await TestNode.SendAsync(enclave, asked);
        Assert.True(opened.Status == 200, opened.Content);
        OpeningStatement statement = opened.Statement!;
        Assert.Equal(asked.ClientNonce, statement.Nonce.ToArray());
        Assert.Equal(asked.Sealer.RequestDigest.ToArray(), statement.RequestDigest.ToArray());
        Assert.Equal(answer.Receipt.Digest.ToArray(), statement.ReceiptDigest.ToArray());
        Assert.Equal(evidence.Keyset.Digest.ToArray(), statement.KeysetDigest.ToArray());
        Assert.Equal(evidence.Keyset.BootId.ToArray(), statement.BootId.ToArray());
        Assert.Equal(ask, statement.Ask);
        Assert.Equal(SHA256.HashData(opened.Bytes), statement.ContentDigest.ToArray());
        Assert.True(statement.Simulated);
        Assert.True(OpeningContent.TrySplit(opened.Bytes, out IReadOnlyList<ReadOnlyMemory<byte>>? items));
        Assert.Equal((uint)items.Count, statement.Items);
        return items;
    }

    private static async Task<TestAnswer> AssertRefusedAsync(TestNode node, TestEvidence evidence, TestRequest request, TestAnswer answer, OpeningAsk ask, int status, string code)
    {
        TestAnswer refused = await node.SendAsync(TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, ask)));
        Assert.Equal((status, code), (refused.Status, refused.ErrorCode));
        Assert.Null(refused.Statement);
        return refused;
    }

    private static TraceShape ValidatorShape(ModelConfig config) => new(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize);
}
