using System.Security.Cryptography;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Client.Streams;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Compute;
using Verathos.Protocol.Openings;
using Verathos.Validator.Audits;
using Verathos.Validator.Keys;
using Verathos.Validator.State;

namespace Verathos.Host.Drills;

/// <summary>A validator's audits of one answer: it asks like a client, has openings shown, and judges them by keys made from the named weights.</summary>
internal sealed class DrillAudit : IDisposable
{
    /// <summary>Openings of one answer: so many that a layer of four is missed in fewer than one of 900,000 answers.</summary>
    public const int MostOpenings = 48;

    private const int AtOnce = 8;
    private const long Epoch = 1;

    // Of the served profile, recomputed in it: nothing but products is near, and those by measurement below this.
    private const double Kappa = 3;
    private const double Chance = 1e-12;

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-drill-keys-").FullName;
    private readonly KeyRing _keys;
    private readonly byte[] _root;

    private DrillAudit(string model, CancellationToken cancellationToken)
    {
        byte[] owner = RandomNumberGenerator.GetBytes(32);
        Models = ModelShelf.Load([model], 1, cancellationToken);
        _root = Models.Models[0].Manifest.Root;
        KeyRing.Make(Models.Models[0], _folder, Epoch, owner);
        _keys = new KeyRing(_folder, owner);
        CryptographicOperations.ZeroMemory(owner);
        Keys = _keys.TryGet(_root, NumericProfile.Served.Identifier, Epoch, out EpochKeys? keys, out string? error) ? keys : throw new InvalidOperationException(error);
        Limits = LimitsOf(LayerLimits.Exact(Kappa, Chance));
    }

    /// <summary>The model's keys.</summary>
    public EpochKeys Keys { get; }

    /// <summary>The model, for audits that compute again.</summary>
    public ModelShelf Models { get; set; }

    /// <summary>After how many openings an answer counts as good.</summary>
    public int Openings { get; set; } = MostOpenings;

    /// <summary>What is no secret of the model.</summary>
    public ModelConstants Constants => Keys.Constants;

    /// <summary>The limits that judge.</summary>
    public LimitTable Limits { get; set; }

    /// <summary>Makes keys from a model.</summary>
    public static DrillAudit Make(string model, CancellationToken cancellationToken) => new(model, cancellationToken);

    /// <summary>Limits of this model with those of a layer.</summary>
    public LimitTable LimitsOf(LayerLimits layer) => new(1,
    [
        new ModelLimits(
            Convert.ToHexStringLower(_root), NumericProfile.Served.Identifier, new ToplocLimits(0, 0, 0),
            new SketchLimits(SketchPlan.Depths(Constants.Shape.Layers).ToDictionary(depth => depth, _ => 0L)), layer, layer.Matrices[0], new MarginRules(0, 0, 0)),
    ]);

    /// <summary>Asks the node of a call, has openings shown and judges them.</summary>
    public async Task<DrillOutcome> RunAsync(DrillCall call, CancellationToken cancellationToken)
    {
        try
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(call.Node, ShippedClient.Options(call) with { KeepTickets = true }, cancellationToken).ConfigureAwait(false);
            Answer answer = await client.CompleteAsync(call.Request, cancellationToken).ConfigureAwait(false);
            using AuditTicket ticket = answer.Ticket!;
            List<(ReadOnlyMemory<byte>, ReadOnlyMemory<byte>)> openings = [];
            while (true)
            {
                OpeningAnswer shown = await client.OpenAsync(ticket, OpeningAsk.Openings(openings.Count, AtOnce), cancellationToken).ConfigureAwait(false);
                openings.AddRange(shown.Openings().Select(opening => (opening.Layer, opening.Logits)));
                AuditVerdict verdict = new OpeningAudit(_keys, Limits, new OutcomeWeights(new LikelihoodTables([]))).Judge(
                    ticket.ReceiptDigest, Epoch, Answered(ticket), openings, openings.Count);
                if (verdict.End.Result != WorkResult.Passed || openings.Count >= Openings)
                {
                    return Of(verdict) with { Text = answer.Text };
                }
            }
        }
        catch (VerathosException refusal)
        {
            return ShippedClient.Of(refusal);
        }
    }

    /// <summary>Asks the node of a call for its proofs of chunks, and computes the answer again.</summary>
    public async Task<DrillOutcome> ReplayAsync(DrillCall call, CancellationToken cancellationToken)
    {
        try
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(call.Node, ShippedClient.Options(call) with { KeepTickets = true }, cancellationToken).ConfigureAwait(false);
            Answer answer = await client.CompleteAsync(call.Request, cancellationToken).ConfigureAwait(false);
            using AuditTicket ticket = answer.Ticket!;
            (IReadOnlyList<ReadOnlyMemory<byte>> toploc, IReadOnlyList<ReadOnlyMemory<byte>> sketches) =
                (await client.OpenAsync(ticket, OpeningAsk.Chunks, cancellationToken).ConfigureAwait(false)).Chunks();
            AuditVerdict verdict = new DeepAudit(Models, Limits, new OutcomeWeights(new LikelihoodTables([]))).Judge(
                ticket.ReceiptDigest, Answered(ticket), [.. toploc.Select(proof => proof.ToArray())], [.. sketches.Select(sketch => sketch.ToArray())], Constants.Shape.Layers);
            return Of(verdict) with { Text = answer.Text };
        }
        catch (VerathosException refusal)
        {
            return ShippedClient.Of(refusal);
        }
    }

    /// <summary>An answer as its audit needs it.</summary>
    public AuditedAnswer Answered(AuditTicket ticket) => new()
    {
        Receipt = ticket.Receipt,
        Ids = ticket.Ids(),
        PromptTokens = ticket.PromptTokens,
        ManifestRoot = _root,
        AuditSecret = ticket.AuditSecret.ToArray(),
        ReceiptSecret = ticket.Transcript.ReceiptSecret,
    };

    public void Dispose()
    {
        _keys.Dispose();
        Models.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // What the validator itself lacks is no refusal.
    private static DrillOutcome Of(AuditVerdict verdict) => verdict.End.Result switch
    {
        WorkResult.Passed => DrillOutcome.Through("the validator found nothing"),
        WorkResult.Failed => new DrillOutcome(verdict.End.Reason, "validator", verdict.End.Detail ?? ""),
        _ => throw new InvalidOperationException($"the audit could not judge: {verdict.End.Reason}: {verdict.End.Detail}"),
    };
}
