using System.Text.Json;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>An enclave with several models behind one keyset.</summary>
public sealed class SeveralModelsTests
{
    private const string Completion = "\"prompt\":[1,2,3],\"max_tokens\":12,\"temperature\":0";

    private static LoadedModel Named(string name, int seed, NumericProfile? profile = null) =>
        RandomModel.Create(TestNode.TinyShape, seed, new LoadOptions { Name = name, Threads = 1, Profile = profile ?? NumericProfile.Served });

    private static Task<EnclaveCore> StartAsync(EnclaveOptions? options = null, params LoadedModel[] models) =>
        EnclaveCore.StartAsync(models, new SimulatedDriver(TestNode.Installation, 0), options ?? new EnclaveOptions());

    private static TestRequest Ask(TestEvidence evidence, string model, string members = Completion) =>
        TestNode.Seal(evidence, VerathosPaths.Completions, $$"""{"model":"{{model}}",{{members}}}""");

    [Fact]
    public async Task EachAnswersAsItDoesAloneAndReceiptsNameIt()
    {
        Dictionary<string, int[]> alone = [];
        for (int seed = 1; seed <= 2; seed++)
        {
            string name = seed == 1 ? "one" : "two";
            await using EnclaveCore core = await StartAsync(null, Named(name, seed));
            TestEvidence evidence = await TestNode.AttestAsync(core);
            TestAnswer answer = await TestNode.SendAsync(core, Ask(evidence, name));
            Assert.Null(answer.Receipt.Model);
            alone[name] = answer.OutputIds;
        }

        Assert.NotEqual(alone["one"], alone["two"]);
        await using EnclaveCore both = await StartAsync(null, Named("one", 1), Named("two", 2));
        TestEvidence shown = await TestNode.AttestAsync(both);
        foreach (string name in (string[])["two", "one", "two"])
        {
            TestAnswer answer = await TestNode.SendAsync(both, Ask(shown, name));
            Assert.Equal(alone[name], answer.OutputIds);
            Assert.Equal((name, name), (answer.Acceptance.Model, answer.Receipt.Model));
            Assert.Equal(shown.ManifestRoot, answer.Receipt.ManifestRoot.ToArray());
        }
    }

    [Fact]
    public async Task TheManifestListsThemInOrderWithTheirProfilesAndLimits()
    {
        await using EnclaveCore core = await StartAsync(new EnclaveOptions { MaxPromptTokens = 99 }, Named("one", 1), Named("two", 2, NumericProfile.F32));
        TestEvidence evidence = await TestNode.AttestAsync(core);
        Assert.True(ModelSet.TryParse(evidence.Collection.Manifest.Span, out ModelSet? set));
        using LoadedModel one = Named("one", 1);
        Assert.Equal(
            [("one", NumericProfile.Served.Identifier, 99u), ("two", NumericProfile.F32.Identifier, 99u)],
            set.Models.Select(static model => (model.Name, model.NumericProfile, model.MaxPromptTokens)));
        Assert.Equal(one.Manifest.Root, set.Models[0].Root.ToArray());
        EnclaveStatus status = await core.GetStatusAsync();
        Assert.Equal(set.Root, status.ManifestRoot.ToArray());
        Assert.Equal(["one", "two"], status.Models.Select(static model => model.Name));
        Assert.Equal("one", status.Model);
    }

    [Fact]
    public async Task OneModelsManifestIsWhatItWas()
    {
        await using EnclaveCore core = await StartAsync(null, Named("one", 1));
        using LoadedModel model = Named("one", 1);
        Assert.Equal(model.Manifest.Encode(), (await TestNode.AttestAsync(core)).Collection.Manifest.ToArray());
    }

    [Fact]
    public async Task AllAreListedAndAnUnknownNameIsToldWhichThereAre()
    {
        await using EnclaveCore core = await StartAsync(null, Named("one", 1), Named("two", 2));
        TestEvidence evidence = await TestNode.AttestAsync(core);
        TestAnswer list = await TestNode.SendAsync(core, TestNode.Seal(evidence, VerathosPaths.Models, "", method: "GET"));
        Assert.Equal(200, list.Status);
        Assert.Equal(["one", "two"], JsonElement.Parse(list.Content).GetProperty("data").EnumerateArray().Select(static model => model.GetProperty("id").GetString()));
        TestAnswer unknown = await TestNode.SendAsync(core, Ask(evidence, "three"));
        Assert.Equal(404, unknown.Status);
        JsonElement error = JsonElement.Parse(unknown.Content).GetProperty("error");
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Equal("This node serves the models 'one', 'two'.", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task CountsAreKeptForEachModelAndInAll()
    {
        await using EnclaveCore core = await StartAsync(null, Named("one", 1), Named("two", 2));
        TestEvidence evidence = await TestNode.AttestAsync(core);
        foreach (string name in (string[])["two", "one", "two"])
        {
            await TestNode.SendAsync(core, Ask(evidence, name));
        }

        EnclaveStatus status = await core.GetStatusAsync();
        Assert.Equal([(1L, 1L, 3L, 12L), (2L, 2L, 6L, 24L)], status.Models.Select(static model => (model.Accepted, model.Receipts, model.PromptTokens, model.OutputTokens)));
        Assert.Equal((3L, 9L, 36L), (status.Counters.Receipts, status.Counters.PromptTokens, status.Counters.OutputTokens));
    }

    [Fact]
    public async Task ReplacingOneDestroysTheKeysAndKeepsTheOther()
    {
        await using EnclaveCore core = await StartAsync(null, Named("one", 1), Named("two", 2));
        TestEvidence before = await TestNode.AttestAsync(core);
        int[] kept = (await TestNode.SendAsync(core, Ask(before, "one"))).OutputIds;
        int[] old = (await TestNode.SendAsync(core, Ask(before, "two"))).OutputIds;
        await core.ReplaceModelAsync(Named("two", 3));
        await Assert.ThrowsAsync<EnclaveException>(() => TestNode.SendAsync(core, Ask(before, "one")));
        TestEvidence after = await TestNode.AttestAsync(core);
        Assert.NotEqual(before.ManifestRoot, after.ManifestRoot);
        Assert.Equal(kept, (await TestNode.SendAsync(core, Ask(after, "one"))).OutputIds);
        Assert.NotEqual(old, (await TestNode.SendAsync(core, Ask(after, "two"))).OutputIds);
        await Assert.ThrowsAsync<ArgumentException>(() => core.ReplaceModelAsync(Named("three", 3)));
        Assert.True((await core.GetStatusAsync()).Ready);
    }

    [Theory]
    [InlineData("one", "one", "Two models have the name one")]
    [InlineData("one", "two\n", "control character")]
    public async Task NamesThatCannotBeToldApartAreRefused(string first, string second, string why)
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(null, Named(first, 1), Named(second, 2)));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelsOwnPartOfTheMemoryBoundsItsRequestsOnly()
    {
        LoadedModel one = Named("one", 1);
        long part = one.Backend.SequenceBytes(64);
        await using EnclaveCore core = await StartAsync(
            new EnclaveOptions { KvBytes = 100 * part, ModelKvBytes = new Dictionary<string, long> { ["one"] = part } }, one, Named("two", 2));
        TestEvidence evidence = await TestNode.AttestAsync(core);
        const string large = "\"prompt\":[1,2,3],\"max_tokens\":200,\"temperature\":0";
        TestAnswer refused = await TestNode.SendAsync(core, Ask(evidence, "one", large));
        Assert.Equal(422, refused.Status);
        Assert.Contains("kv_memory_exceeded", refused.Content, StringComparison.Ordinal);
        Assert.Equal(200, (await TestNode.SendAsync(core, Ask(evidence, "two", large))).OutputIds.Length);
        Assert.Equal(12, (await TestNode.SendAsync(core, Ask(evidence, "one"))).OutputIds.Length);
    }

    [Fact]
    public async Task BurstsAboveTheLimitsWaitOrAreToldToComeBackAndNothingElse()
    {
        LoadedModel one = Named("one", 1);
        EnclaveOptions options = new() { KvBytes = 3 * one.Backend.SequenceBytes(64), MaxActive = 3, QueueCapacity = 5 };
        await using EnclaveCore core = await StartAsync(options, one, Named("two", 2));
        TestEvidence evidence = await TestNode.AttestAsync(core);
        Dictionary<string, int[]> alone = new()
        {
            ["one"] = (await TestNode.SendAsync(core, Ask(evidence, "one"))).OutputIds,
            ["two"] = (await TestNode.SendAsync(core, Ask(evidence, "two"))).OutputIds,
        };
        int served = 0;
        int refused = 0;
        for (int burst = 0; burst < 5; burst++)
        {
            (string Name, Task<TestAnswer> Answer)[] sent = [.. Enumerable.Range(0, 40).Select(i => i % 3 == 0 ? "one" : "two").Select(name => (name, TestNode.SendAsync(core, Ask(evidence, name))))];
            foreach ((string name, Task<TestAnswer> pending) in sent)
            {
                TestAnswer answer = await pending;
                if (answer.Status == 429)
                {
                    refused++;
                    Assert.Contains("queue_full", answer.Content, StringComparison.Ordinal);
                    continue;
                }

                served++;
                Assert.Equal(200, answer.Status);
                Assert.Equal(alone[name], answer.OutputIds);
            }
        }

        Assert.Equal(200, served + refused);
        Assert.True(served >= 40, $"{served} served");
        EnclaveStatus status = await core.GetStatusAsync();
        Assert.Equal((0, 0, 0), (status.Queued, status.Models.Sum(static model => model.Running), status.Counters.Active));
    }
}
