using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.Protocol.Receipts;
using Verathos.Validator.Keys;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>
/// Tier 2: part of the prefill is computed again, to a depth drawn at random; its sketches are compared, and where all layers are
/// computed TOPLOC proofs, margins and the whole commitment as well. In the node's own profile every bit must agree and whatever does not catches it;
/// in another one the outcomes weigh by measured tables.
/// </summary>
/// <param name="models">The models.</param>
/// <param name="limits">Measured limits.</param>
/// <param name="weights">What outcomes weigh.</param>
public sealed class DeepAudit(ModelShelf models, LimitTable limits, OutcomeWeights weights)
{
    /// <summary>Judges an answer's chunk proofs.</summary>
    /// <param name="canary">The canary.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="toploc">The node's TOPLOC proofs, chunk by chunk.</param>
    /// <param name="sketches">The node's sketches, those of all depths of a chunk one after another.</param>
    /// <param name="depth">Layers to compute; null draws one of the sketches' depths.</param>
    public AuditVerdict Judge(byte[] canary, AuditedAnswer answer, IReadOnlyList<byte[]> toploc, IReadOnlyList<byte[]> sketches, int? depth = null)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(toploc);
        ArgumentNullException.ThrowIfNull(sketches);
        long begun = Stopwatch.GetTimestamp();
        WorkEnd end = !models.Has(answer.ManifestRoot)
            ? new WorkEnd(WorkResult.ValidatorError, "model.missing", "this validator has not the weights of the model")
            : NodeBytes.Judge(() => FindForgery(canary, answer, toploc, sketches), AuditVerdict.Caught("chunks.form", "the chunk proofs are none", canary)) ?? models.Use(answer.ManifestRoot, model => Judge(canary, answer, toploc, sketches, depth, model));
        return new AuditVerdict(end, Stopwatch.GetElapsedTime(begun));
    }

    // The proofs must be those that the receipt's roots commit to.
    private static WorkEnd? FindForgery(byte[] canary, AuditedAnswer answer, IReadOnlyList<byte[]> toploc, IReadOnlyList<byte[]> sketches)
    {
        byte[] secret = TraceSecret.Derive(answer.ReceiptSecret);
        try
        {
            using TraceSalts salts = new(secret);
            return !IsRoot(ChunkCommitment.ForToploc(salts), toploc, answer.Receipt.ToplocRoot)
                ? AuditVerdict.Caught("toploc.root", "the TOPLOC proofs are not those that the receipt commits to", canary)
                : !IsRoot(ChunkCommitment.ForSketches(salts), sketches, answer.Receipt.SketchRoot)
                ? AuditVerdict.Caught("sketch.root", "the sketches are not those that the receipt commits to", canary)
                : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static bool IsRoot(ChunkCommitment commitment, IReadOnlyList<byte[]> chunks, ReadOnlyMemory<byte>? root)
    {
        foreach (byte[] chunk in chunks)
        {
            commitment.Append(chunk);
        }

        return chunks.Count > 0 && root is { } expected && CryptographicOperations.FixedTimeEquals(commitment.Root(), expected.Span);
    }

    private WorkEnd Judge(byte[] canary, AuditedAnswer answer, IReadOnlyList<byte[]> toploc, IReadOnlyList<byte[]> sketches, int? chosen, ReplayModel model)
    {
        if (!limits.TryFind(answer.ManifestRoot, model.SeenProfile, out ModelLimits? measured))
        {
            return new WorkEnd(WorkResult.ValidatorError, "limits.missing", $"no limits were measured of this model in {model.SeenProfile}");
        }

        // Tier 0 looks at the same; a replay of ids that are none would be this validator's own failure.
        if (AnswerCheck.FindProblem(answer.Ids, answer.PromptTokens, model.Config.VocabularySize) is { } problem)
        {
            return AuditVerdict.Caught(problem.Check, problem.Detail, canary);
        }

        int[] depths = SketchPlan.Depths(model.Config.Layers);
        int depth = chosen ?? depths[RandomNumberGenerator.GetInt32(depths.Length)];
        bool whole = depth == model.Config.Layers;
        byte[] secret = TraceSecret.Derive(answer.ReceiptSecret);
        try
        {
            using AnswerReplay replay = model.Replay(new ReplayRequest
            {
                Ids = answer.Ids,
                PromptTokens = answer.PromptTokens,
                ClientNonce = answer.Receipt.ClientNonce.ToArray(),
                TraceSecret = whole && model.IsExact ? secret : null,
                Depth = depth,
                Logits = whole,
            });
            List<NewOutcome> outcomes = [];
            WorkEnd? failed = JudgeSketches(canary, answer, replay, sketches, depth, model, measured, outcomes)
                ?? (whole ? JudgeToploc(canary, answer, replay, toploc, model, measured, outcomes) : null)
                ?? (whole ? JudgeDraw(canary, answer, replay, model, measured, outcomes) : null);
            return (failed ?? new WorkEnd(WorkResult.Passed)) with { Outcomes = outcomes };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private WorkEnd? JudgeSketches(
        byte[] canary, AuditedAnswer answer, AnswerReplay replay, IReadOnlyList<byte[]> sketches, int depth, ReplayModel model, ModelLimits measured, List<NewOutcome> outcomes)
    {
        if (NodeBytes.Judge(() => replay.TryCompareSketches(depth, sketches, out SketchComparison[] made) ? made : null, null) is not { } comparisons)
        {
            return AuditVerdict.Caught("sketch.form", "the sketches are not of the number and length that the answer has", canary);
        }

        for (int chunk = 0; chunk < comparisons.Length; chunk++)
        {
            bool passed = measured.Sketches.Accepts(depth, comparisons[chunk]);
            outcomes.Add(weights.Weigh(answer.ManifestRoot, model.SeenProfile, TestOutcomes.Sketch(depth), chunk, TestOutcomes.OfSketch(comparisons[chunk], measured.Sketches, depth), passed));
        }

        return model.IsExact && comparisons.Any(static comparison => comparison.RelativeSquare != 0)
            ? AuditVerdict.Caught("sketch.bits", $"a sketch after {depth} layers is not the one that the profile fixes", canary)
            : null;
    }

    private WorkEnd? JudgeToploc(byte[] canary, AuditedAnswer answer, AnswerReplay replay, IReadOnlyList<byte[]> toploc, ReplayModel model, ModelLimits measured, List<NewOutcome> outcomes)
    {
        if (NodeBytes.Judge(() => replay.TryCompareToploc(toploc, out ToplocComparison[] made) ? made : null, null) is not { } comparisons)
        {
            return AuditVerdict.Caught("toploc.form", "the TOPLOC proofs are not of the number and form that the answer has", canary);
        }

        for (int chunk = 0; chunk < comparisons.Length; chunk++)
        {
            bool passed = measured.Toploc.Accepts(comparisons[chunk]);
            outcomes.Add(weights.Weigh(answer.ManifestRoot, model.SeenProfile, TestOutcomes.Toploc, chunk, TestOutcomes.OfToploc(comparisons[chunk], measured.Toploc), passed));
        }

        if (model.IsExact && Enumerable.Range(0, toploc.Count).Any(chunk => !toploc[chunk].AsSpan().SequenceEqual(replay.Toploc[chunk])))
        {
            return AuditVerdict.Caught("toploc.bits", "a TOPLOC proof is not the one that the profile fixes", canary);
        }

        if (model.IsExact && !(answer.Receipt.TraceRoot is { } root && CryptographicOperations.FixedTimeEquals(root.Span, replay.TraceRoot)))
        {
            return AuditVerdict.Caught("trace.bits", "the trace is not the one that the profile fixes", canary);
        }

        return null;
    }

    private WorkEnd? JudgeDraw(byte[] canary, AuditedAnswer answer, AnswerReplay replay, ReplayModel model, ModelLimits measured, List<NewOutcome> outcomes)
    {
        // What a format allowed takes the model's tokenizer to know. One token an audit, so that its outcomes do not lean on one another.
        if (answer.Receipt.Sampling.ResponseFormat is null)
        {
            SamplingClaims claims = answer.Receipt.Sampling;
            long[]? margins = NodeBytes.Judge(
                () => replay.Margins(OpeningAudit.Parameters(claims), SamplingSeed.Derive(claims.Seed, answer.Receipt.ClientNonce.Span), measured.Margins), null);
            if (margins is null)
            {
                return AuditVerdict.Caught("margin.form", "no token can be drawn by the parameters that the receipt names", canary);
            }

            long margin = margins[RandomNumberGenerator.GetInt32(margins.Length)];
            outcomes.Add(weights.Weigh(answer.ManifestRoot, model.SeenProfile, TestOutcomes.Margin, 0, TestOutcomes.OfMargin(margin), margin < measured.Margins.CapMicro));
        }

        return null;
    }
}
