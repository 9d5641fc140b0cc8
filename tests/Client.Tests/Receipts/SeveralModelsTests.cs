using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>A node with several models: it must answer with the one that was asked for, and say so under its key.</summary>
public sealed class SeveralModelsTests
{
    private static readonly ModelSet Models = new(
    [
        new ModelEntry("large", SHA256.HashData("large weights"u8), 9, 1000, 10, "f32", 100),
        new ModelEntry("small", SHA256.HashData("small weights"u8), 3, 100, 4, "f32", 100),
        new ModelEntry("rounded", SHA256.HashData("small weights"u8), 3, 100, 4, "bf16", 100),
    ]);

    [Theory]
    [InlineData(null, "large")]
    [InlineData("large", "large")]
    [InlineData("small", "small")]
    [InlineData("rounded", "rounded")]
    public async Task The_model_that_was_asked_for_answers_and_its_receipt_names_it(string? asked, string answers)
    {
        using TestBed bed = Bed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(Request(asked));
        Assert.Equal((answers, answers), (answer.Receipt.Model, answer.Model));
        Assert.Equal(["large", "small", "rounded"], client.Session.Current!.Models);
        Assert.Equal(CheckResult.Passed, answer.ReceiptVerdict.Checks.Single(check => check.Name == ReceiptCheckNames.Model).Result);
    }

    [Theory]
    [InlineData("large")]
    [InlineData("mistral")]
    [InlineData(null)]
    public async Task A_receipt_of_another_model_falls_to_the_check_of_the_model_alone(string? named)
    {
        using TestBed bed = Bed();
        bed.Node.Tampering.Receipt = receipt => receipt with { Model = named };
        VerathosException failure = await FailureAsync(bed, "small");
        Assert.Equal([ReceiptCheckNames.Model], Failed(failure));
    }

    [Fact]
    public async Task An_acceptance_of_another_model_is_refused_before_any_text()
    {
        using TestBed bed = Bed();
        bed.Node.Tampering.Acceptance = acceptance => acceptance with { Model = "large" };
        VerathosException failure = await FailureAsync(bed, "small");
        Assert.Equal(["acceptance.model"], Failed(failure));
        Assert.Equal(0, failure.Delivered!.ReceivedTokens);
    }

    [Fact]
    public async Task A_profile_of_another_of_the_models_falls_to_the_check_of_the_profile_alone()
    {
        using TestBed bed = Bed();
        bed.Node.Tampering.Receipt = receipt => receipt with { NumericProfile = "f32" };
        VerathosException failure = await FailureAsync(bed, "rounded");
        Assert.Equal([ReceiptCheckNames.Profile], Failed(failure));
    }

    [Fact]
    public async Task A_node_that_forgets_one_of_the_models_that_it_was_attested_with_is_refused()
    {
        using TestBed bed = Bed();
        byte[] other = (Models with { Models = [.. Models.Models.Take(2)] }).Root;
        bed.Node.Tampering.Receipt = receipt => receipt with { ManifestRoot = other };
        Assert.Equal([ReceiptCheckNames.Manifest], Failed(await FailureAsync(bed, "small")));
    }

    [Fact]
    public async Task A_saved_answer_keeps_the_model_that_was_asked_for()
    {
        using TestBed bed = Bed();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(Request("small"));
        foreach (bool content in (bool[])[true, false])
        {
            ProofBundle bundle = Decode(ProofBundle.Of(answer, content).Encode());
            Assert.True(BundleVerifier.Verify(bundle, bed.Options.Policy, TestBed.Anchors).ProvesAnswer);
            Assert.Equal([ReceiptCheckNames.Model], Failed(bundle with { Transcript = bundle.Transcript! with { Model = "large" } }, bed.Options.Policy));
            Assert.Equal([ReceiptCheckNames.Model], Failed(bundle with { Transcript = bundle.Transcript! with { Model = null } }, bed.Options.Policy));
        }
    }

    [Theory]
    [InlineData("every model", true)]
    [InlineData("the whole set", true)]
    [InlineData("all but one", false)]
    [InlineData("nothing of it", false)]
    public async Task A_policy_that_lists_models_accepts_a_node_whose_every_model_is_listed(string listed, bool accepts)
    {
        using TestBed bed = Bed();
        IReadOnlyList<ReadOnlyMemory<byte>> roots = listed switch
        {
            "every model" => [Models.Models[1].Root, Models.Models[0].Root],
            "the whole set" => [Models.Root],
            "all but one" => [Models.Models[0].Root],
            _ => [SHA256.HashData("another"u8)],
        };
        Policy policy = WithManifests(roots);
        bed.Options = bed.Options with { Policy = policy };
        if (accepts)
        {
            using VerathosClient client = await bed.ConnectAsync();
            Assert.Equal("small", (await client.CompleteAsync(Request("small"))).Receipt.Model);
            return;
        }

        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(bed.ConnectAsync);
        Assert.Equal("policy.node.manifests", failure.Check);
    }

    private static Policy WithManifests(IReadOnlyList<ReadOnlyMemory<byte>> roots)
    {
        JsonObject policy = JsonNode.Parse(Policy.BuiltIn("simulated").Raw.Span)!.AsObject();
        policy["node"]!["manifests"] = new JsonArray([.. roots.Select(root => JsonValue.Create(Convert.ToHexStringLower(root.Span)))]);
        Assert.True(Policy.TryParse(Encoding.UTF8.GetBytes(policy.ToJsonString()), out Policy? parsed, out IReadOnlyList<string> errors), string.Join("; ", errors));
        return parsed!;
    }

    private static TestBed Bed()
    {
        TestBed bed = new();
        bed.Node.Several = Models;
        return bed;
    }

    private static InferenceRequest Request(string? model) => InferenceRequest.Chat([("user", "hello")], model, maxTokens: 64);

    private static async Task<VerathosException> FailureAsync(TestBed bed, string model)
    {
        using VerathosClient client = await bed.ConnectAsync();
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(Request(model)));
        Assert.Equal(ClientFailure.ReceiptInvalid, failure.Failure);
        return failure;
    }

    private static IEnumerable<string> Failed(VerathosException failure) =>
        failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name);

    private static IEnumerable<string> Failed(ProofBundle bundle, Policy? policy) =>
        BundleVerifier.Verify(Decode(bundle.Encode()), policy, TestBed.Anchors).Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name);

    private static ProofBundle Decode(byte[] encoded) =>
        ProofBundle.TryDecode(encoded, out ProofBundle? bundle, out string? error) ? bundle : throw new InvalidOperationException(error);
}
