using System.Security.Cryptography;
using Verathos.Bench.Detection;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;
using Verathos.Host.Drills.Nodes;
using Verathos.Host.Drills.Wire;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Attacks;

/// <summary>
/// Nodes with perfect evidence and perfect receipts that compute something else. Only what they committed to can tell, once a
/// validator has it opened.
/// </summary>
internal static class FingerprintDrills
{
    private const string Products = "layer.query";

    private static readonly string[] s_laterProducts =
        ["layer.key", "layer.value", "layer.attention", "layer.attention-output", "layer.gate", "layer.up", "layer.down", "logits.logits"];

    public static IEnumerable<Drill> All()
    {
        yield return RogueDrills.Plays(
            "trace-withheld", "Tokens come without a commitment to their computation.", "stream.trace", Sources.Fingerprints, _ => new RoguePlan { NoTrace = true });
        yield return RogueDrills.Plays(
            "roots-withheld", "The receipt names no sketches, so that none can be asked for.", ReceiptCheckNames.Roots, Sources.Fingerprints,
            _ => new RoguePlan { Receipt = (receipt, _) => receipt with { SketchRoot = null } });
        yield return RogueDrills.Plays(
            "trace-changed-after-the-stream", "The receipt commits to another computation than the stream did.", ReceiptCheckNames.Trace, Sources.Fingerprints,
            _ => new RoguePlan { Receipt = (receipt, _) => receipt with { TraceRoot = RandomNumberGenerator.GetBytes(32) } });
        yield return Stranger();
        yield return Audited(
            "stolen-key-cheaper-model", "With a stolen attestation key and a perfect quote, the node computes with 4-bit weights.", Products, Sources.StolenKey,
            new RogueWork { Cheat = CheatModels.Int4 }, s_laterProducts);
        yield return Audited(
            "weights-swapped-in-memory", "The weights are replaced by 8-bit ones after the enclave hashed and attested them.", Products, Sources.Fingerprints,
            new RogueWork { Cheat = CheatModels.Int8 }, s_laterProducts);
        yield return Audited(
            "last-layer-cheaper", "Only the last layer computes with 4-bit weights, below every audit of a fixed depth.", Products, Sources.Fingerprints,
            new RogueWork { Cheat = CheatModels.LastLayerInt4 }, s_laterProducts);
        yield return Audited(
            "layer-skipped", "One layer is left out.", "layer.attention-output", Sources.Fingerprints,
            new RogueWork { Cheat = CheatModels.SkippedLayer }, ["layer.down"]);
        yield return Audited(
            "smaller-model", "Every other layer is left out.", "layer.attention-output", Sources.Fingerprints,
            new RogueWork { Cheat = CheatModels.HalfTheLayers }, ["layer.down"]);
        yield return Audited(
            "sampler-changed-silently", "The node draws nearly the likeliest token and says that it sampled as it was asked.", "logits.sampler", Sources.Fingerprints,
            new RogueWork { Sampling = sampling => sampling with { TemperatureMicro = 1 } });
        yield return Audited(
            "system-prompt-hidden", "Tokens that nobody was told of stand before the prompt.", "layer.step", Sources.Fingerprints,
            new RogueWork { Hidden = [20, 21, 22, 23, 24, 25] });
        yield return Audited(
            "tokens-injected", "The answer begins with tokens of the node's own, which it never drew.", "logits.form", Sources.Fingerprints,
            new RogueWork { Injected = [.. Enumerable.Range(30, 24)] }, greedy: true);
        yield return Audited(
            "tokens-billed-beyond-computation", "Tokens that were never computed are delivered and billed.", "layer.step", Sources.Fingerprints,
            new RogueWork { Padding = 8 });
        yield return Audited(
            "opening-tampered", "A number of an opened layer is changed before it is shown.", Products, Sources.Fingerprints,
            new RogueWork { Items = Tampered }, s_laterProducts);
        yield return Audited(
            "empty-proof-list", "The answer to a request for openings is an empty list, duly signed.", OpeningCheckNames.Items, Sources.Predecessor,
            new RogueWork { Items = (_, _) => [] });
        yield return Audited(
            "openings-withheld", "The node says that it knows no such answer.", OpeningCheckNames.NotFound, Sources.Fingerprints, new RogueWork { Refuses = true });
        yield return Stated(
            "opening-for-another-receipt", "The statement is about another receipt.", OpeningCheckNames.Receipt, statement => statement with { ReceiptDigest = RandomNumberGenerator.GetBytes(32) });
        yield return Stated(
            "opening-replayed", "The statement answers an earlier request for openings.", OpeningCheckNames.Request, statement => statement with { RequestDigest = RandomNumberGenerator.GetBytes(32) });
        yield return Stated(
            "opening-of-another-choice", "The node says that other openings were asked for.", OpeningCheckNames.Asked, statement => statement with { Ask = OpeningAsk.Openings(1, 1) });
        yield return Stated(
            "opening-not-signed-for", "The statement signs other content than what was shown, so that nothing convicts.", OpeningCheckNames.Content, statement => statement with { ContentDigest = new byte[32] });
        yield return Replayed("sketches-forged", "The node commits to sketches of all zeros.", "sketch.bits", new RogueWork { Forge = ForgeSketches });
        yield return Replayed("toploc-proofs-copied", "The node commits to the first chunk's TOPLOC proof in the place of every other.", "toploc.bits", new RogueWork { Forge = CopyToploc });
    }

    private static Drill Audited(string name, string attack, string expected, string source, RogueWork work, string[]? layers = null, bool greedy = false) =>
        Of(name, attack, expected, source, work, (ground, call, token) => ground.Audit.RunAsync(greedy ? call with { Request = ground.Greedy } : call, token)) with
        {
            Layers = layers ?? [],
        };

    private static Drill Stated(string name, string attack, string expected, Func<OpeningStatement, OpeningStatement> statement) =>
        Audited(name, attack, expected, Sources.Fingerprints, new RogueWork { Statement = statement });

    private static Drill Replayed(string name, string attack, string expected, RogueWork work) =>
        Of(name, attack, expected, Sources.Fingerprints, work, (ground, call, token) => ground.Audit.ReplayAsync(call, token));

    private static Drill Of(
        string name, string attack, string expected, string source, RogueWork work, Func<DrillGround, DrillCall, CancellationToken, Task<DrillOutcome>> audit) =>
        new(name, attack, expected, source, DrillNeeds.OwnNode, async (ground, token) =>
        {
            RogueNode rogue = await ground.RogueAsync(new RoguePlan { Work = work }, token).ConfigureAwait(false);
            return await audit(ground, ground.Call(rogue.Address), token).ConfigureAwait(false);
        })
        {
            Plan = _ => new RoguePlan { Work = work },
        };

    // The receipt's digest is no secret: it may be shown to anybody.
    private static Drill Stranger() => new(
        "opening-asked-by-a-stranger", "Somebody who knows a receipt asks to have the prompt's computation opened, without the audit secret.", "enclave.opening_not_found", Sources.Fingerprints,
        DrillNeeds.Wire, (ground, token) => AskAsync(ground, RandomNumberGenerator.GetBytes(32), token));

    /// <summary>Asks the honest node to open its answer, by whatever secret.</summary>
    internal static async Task<DrillOutcome> AskAsync(DrillGround ground, byte[] secret, CancellationToken cancellationToken)
    {
        using SealedProbe probe = await SealedProbe.AttestAsync(ground, ground.Node, cancellationToken).ConfigureAwait(false);
        byte[] request = new OpeningRequest(ground.Material.Answer.Receipt.Digest.ToArray(), secret, OpeningAsk.Openings(0, 1)).Encode();
        byte[] message = (SealedProbe.Request("", probe.Fields.Select(field => field.Name == "content-type" ? field with { Value = OpeningRequest.MediaType } : field)) with
        {
            Path = VerathosPaths.Openings,
            Content = request,
        }).Encode();
        return await probe.SendAsync(probe.Seal(message), cancellationToken).ConfigureAwait(false);
    }

    private static IReadOnlyList<byte[]> Tampered(DrillGround ground, IReadOnlyList<byte[]> items)
    {
        if (!OpeningEncoding.TryDecode(items[0], ground.Audit.Constants, out LayerEvidence? layer))
        {
            throw new InvalidOperationException("the opening does not decode");
        }

        // The mantissa's highest bit of the greatest number: far above what rounding gives anywhere in the row, and finite.
        ushort[] query = layer.Layer.Query;
        query[Array.IndexOf(query, query.MaxBy(bits => bits & 0x7FFF))] ^= 0x0040;
        return [OpeningEncoding.Encode(layer), .. items.Skip(1)];
    }

    private static Computation ForgeSketches(Computation computation, byte[] receiptSecret)
    {
        byte[][] zeros = [.. computation.Record.Sketches.Select(sketch => new byte[sketch.Length])];
        return computation with { Record = computation.Record with { Sketches = zeros }, SketchRoot = RootOf(zeros, receiptSecret, ChunkCommitment.ForSketches) };
    }

    private static Computation CopyToploc(Computation computation, byte[] receiptSecret)
    {
        byte[][] copies = [.. computation.Record.Toploc.Select(_ => computation.Record.Toploc[0])];
        return computation with { Record = computation.Record with { Toploc = copies }, ToplocRoot = RootOf(copies, receiptSecret, ChunkCommitment.ForToploc) };
    }

    private static byte[] RootOf(byte[][] chunks, byte[] receiptSecret, Func<TraceSalts, ChunkCommitment> commitment)
    {
        using TraceSalts salts = new(TraceSecret.Derive(receiptSecret));
        ChunkCommitment committed = commitment(salts);
        foreach (byte[] chunk in chunks)
        {
            committed.Append(chunk);
        }

        return committed.Root();
    }
}
