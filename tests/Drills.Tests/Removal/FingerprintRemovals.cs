using System.Reflection;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Drills;
using Verathos.Host.Drills.Attacks;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Openings;
using Verathos.Validator.Keys;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// Attacks on what is computed. Products are judged by limits, which are data and are opened. Where the receipt tells something else than was
/// committed to, what was committed to is believed instead, and then every opening holds.
/// </summary>
internal static class FingerprintRemovals
{
    private const int Judged = 8;

    private static readonly string[] s_products =
        ["layer.query", "layer.key", "layer.value", "layer.attention-output", "layer.gate", "layer.up", "layer.down"];

    private static readonly MatrixLimits s_open = new(long.MaxValue, 64);

    public static IReadOnlyDictionary<string, Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>> All { get; } =
        new Dictionary<string, Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>>
        {
            ["trace-withheld"] = UncommittedAsync,
            ["opening-asked-by-a-stranger"] = (ground, _, token) => FingerprintDrills.AskAsync(ground, ground.Material.Answer.Ticket!.AuditSecret.ToArray(), token),
            ["openings-withheld"] = UnopenedAsync,
            ["sampler-changed-silently"] = BelieveAsync,
            ["system-prompt-hidden"] = BelieveAsync,
            ["tokens-injected"] = BelieveAsync,
            ["tokens-billed-beyond-computation"] = BelieveAsync,
            ["empty-proof-list"] = StateAsync,
            ["opening-for-another-receipt"] = StateAsync,
            ["opening-replayed"] = StateAsync,
            ["opening-of-another-choice"] = StateAsync,
            ["opening-not-signed-for"] = StateAsync,
            ["sketches-forged"] = NearAsync,
            ["toploc-proofs-copied"] = NearAsync,
        };

    /// <summary>Whether limits are what refuses the attack.</summary>
    public static bool IsOfLimits(Drill drill) => s_products.Contains(drill.Expected);

    /// <summary>Tries an attack with the limits of some checks opened.</summary>
    public static async Task<DrillOutcome> TryAsync(DrillGround ground, Drill drill, Func<string, bool> removed, CancellationToken cancellationToken)
    {
        (LimitTable strict, int openings) = (ground.Audit.Limits, ground.Audit.Openings);
        ModelLimits model = strict.Models[0];
        LayerLimits layer = new(
            [.. model.Layer.Matrices.Select((limits, i) => removed(s_products[i]) ? s_open : limits)], removed("layer.attention") ? int.MaxValue : model.Layer.AttentionMismatches);
        ground.Audit.Limits = new LimitTable(strict.Version, [model with { Layer = layer, Logits = removed("logits.logits") ? s_open : model.Logits }]);
        try
        {
            // Every opening would be accepted; a few show it. Where one must be refused, none is left out.
            ground.Audit.Openings = removed(drill.Expected) ? Judged : openings;
            return await drill.RunAsync(ground, cancellationToken);
        }
        finally
        {
            (ground.Audit.Limits, ground.Audit.Openings) = (strict, openings);
        }
    }

    private static async Task<DrillOutcome> UncommittedAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RogueNode rogue = await ground.RogueAsync(drill.Plan!(ground), cancellationToken);
        return await ground.Client.AskAsync(ground.Call(rogue.Address) with { Trace = TraceRequirement.Never }, cancellationToken);
    }

    // Whoever asks for no openings takes the answer.
    private static async Task<DrillOutcome> UnopenedAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RogueNode rogue = await ground.RogueAsync(drill.Plan!(ground), cancellationToken);
        return await ground.Client.AskAsync(ground.Call(rogue.Address), cancellationToken);
    }

    // All checks of a statement ran; the one is left out.
    private static async Task<DrillOutcome> StateAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        DrillOutcome outcome = await drill.RunAsync(ground, cancellationToken);
        return outcome.Failed.Select(check => check.Name).SequenceEqual([drill.Expected]) ? DrillOutcome.Through("taken") with { Text = outcome.Detail } : outcome;
    }

    private static async Task<DrillOutcome> BelieveAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RogueNode rogue = await ground.RogueAsync(drill.Plan!(ground), cancellationToken);
        using VerathosClient client = await VerathosClient.ConnectAsync(rogue.Address, ShippedClient.Options(ground.Call(rogue.Address)) with { KeepTickets = true }, cancellationToken);
        Answer answer = await client.CompleteAsync(ground.Request, cancellationToken);
        using AuditTicket ticket = answer.Ticket!;
        CommittedAnswer believed = rogue.Computed!.Committed;
        ModelConstants model = ground.Audit.Constants;
        CommittedTrace trace = new(model.Shape, believed.Ids.Length - 1, ticket.Receipt.TraceRoot!.Value);
        SamplingParameters asked = new(answer.Receipt.Sampling.TemperatureMicro, answer.Receipt.Sampling.TopPMicro, (int)answer.Receipt.Sampling.TopK);
        DrawnToken drawn = new(
            rogue.Plan.Work!.Sampling(asked), SamplingSeed.Derive(answer.Receipt.Sampling.Seed, answer.Receipt.ClientNonce.Span), believed.PromptTokens, default);
        ModelLimits limits = ground.Audit.Limits.Models[0];
        for (int number = 0; number < Judged; number++)
        {
            OpeningPlan plan = OpeningPlan.Derive(ticket.AuditSecret, ticket.ReceiptDigest, number, model.Shape, model.Heads, believed.PromptTokens, trace.Steps);
            OpeningAnswer shown = await client.OpenAsync(ticket, OpeningAsk.Chosen(plan.Step, plan.Layer, plan.Head, plan.LinkStep, plan.LogitsStep), cancellationToken);
            (_, ReadOnlyMemory<byte> layer, ReadOnlyMemory<byte> logits) = Assert.Single(shown.Openings());
            Assert.True(OpeningEncoding.TryDecode(layer.Span, model, out LayerEvidence? opened));
            Assert.True(OpeningEncoding.TryDecode(logits.Span, model, out LogitsEvidence? row));
            Assert.True(ground.Audit.Keys.TryReadLayer(plan.Layer, out LayerKey? key));
            using (key)
            {
                Assert.Equal("accepted", new LayerJudge(key, limits.Layer).Judge(plan, trace, believed.Ids, opened).ToString());
            }

            Assert.Equal("accepted", new LogitsJudge(model, ground.Audit.Keys.Output, limits.Logits).Judge(plan, trace, believed.Ids, drawn, row).ToString());
        }

        return DrillOutcome.Through("everything opened holds") with { Text = answer.Text };
    }

    // A validator that computes in another profile cannot ask for every bit; its limits are opened.
    private static async Task<DrillOutcome> NearAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        ReplayModel model = ReplayModel.Open(ModelPath.Resolve(null), new LoadOptions { Profile = NumericProfile.F32, Threads = 1 }, null, cancellationToken);
        ConstructorInfo make = typeof(ModelShelf).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single();
        using ModelShelf shelf = (ModelShelf)make.Invoke([new Dictionary<string, ReplayModel> { [Convert.ToHexStringLower(model.Manifest.Root)] = model }]);
        (ModelShelf exact, LimitTable limits) = (ground.Audit.Models, ground.Audit.Limits);
        ground.Audit.Models = shelf;
        ground.Audit.Limits = new LimitTable(limits.Version, [limits.Models[0] with { Profile = model.SeenProfile }]);
        try
        {
            return await drill.RunAsync(ground, cancellationToken);
        }
        finally
        {
            (ground.Audit.Models, ground.Audit.Limits) = (exact, limits);
        }
    }
}
