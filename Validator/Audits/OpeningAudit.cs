using System.Diagnostics;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Protocol.Receipts;
using Verathos.Validator.Keys;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>Tier 1: openings judged by keys alone, without weights or forward pass. Whatever fails, the node is caught; what this validator lacks is its own fault.</summary>
/// <param name="keys">Matrix keys.</param>
/// <param name="limits">Measured limits.</param>
/// <param name="weights">What outcomes weigh.</param>
public sealed class OpeningAudit(KeyRing keys, LimitTable limits, OutcomeWeights weights)
{
    /// <summary>The test of opened layers.</summary>
    public const string LayerTest = "layer";

    /// <summary>The test of opened rows of logits.</summary>
    public const string LogitsTest = "logits";

    /// <summary>Judges the openings of one answer, number 0 first.</summary>
    /// <param name="canary">The canary.</param>
    /// <param name="epoch">The epoch whose keys judge.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="openings">For each number, from 0, the layer's opening and the logits' as the node encoded them.</param>
    /// <param name="expected">How many were asked for.</param>
    public AuditVerdict Judge(byte[] canary, long epoch, AuditedAnswer answer, IReadOnlyList<(ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)> openings, int expected)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(openings);
        long begun = Stopwatch.GetTimestamp();
        WorkEnd end = JudgeAll(canary, epoch, answer, openings, expected);
        return new AuditVerdict(end, Stopwatch.GetElapsedTime(begun));
    }

    private WorkEnd JudgeAll(byte[] canary, long epoch, AuditedAnswer answer, IReadOnlyList<(ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)> openings, int expected)
    {
        Receipt receipt = answer.Receipt;
        if (!limits.TryFind(answer.ManifestRoot, receipt.NumericProfile, out ModelLimits? measured))
        {
            return new WorkEnd(WorkResult.ValidatorError, "limits.missing", "no limits were measured for this model and profile");
        }

        if (!keys.TryGet(answer.ManifestRoot, receipt.NumericProfile, epoch, out EpochKeys? epochKeys, out string? error))
        {
            return new WorkEnd(WorkResult.ValidatorError, "keys.missing", error);
        }

        if (receipt.TraceRoot is not { } root)
        {
            return AuditVerdict.Caught("receipt.roots", "the receipt names no trace", canary);
        }

        if (openings.Count != expected)
        {
            return AuditVerdict.Caught("opening.count", $"{openings.Count} openings came where {expected} were asked for", canary);
        }

        ModelConstants model = epochKeys.Constants;
        CommittedTrace trace = new(model.Shape, answer.Steps, root);
        List<NewOutcome> outcomes = [];
        for (int number = 0; number < expected; number++)
        {
            OpeningPlan plan = OpeningPlan.Derive(answer.AuditSecret, receipt.Digest.Span, number, model.Shape, model.Heads, answer.PromptTokens, answer.Steps);
            if (!epochKeys.TryReadLayer(plan.Layer, out LayerKey? layerKey))
            {
                return new WorkEnd(WorkResult.ValidatorError, "keys.missing", $"the key of layer {plan.Layer} does not open") { Outcomes = outcomes };
            }

            OpeningVerdict layer;
            using (layerKey)
            {
                (ReadOnlyMemory<byte> encoded, LayerKey key) = (openings[number].Layer, layerKey);
                layer = NodeBytes.Judge(() => OpeningEncoding.TryDecode(encoded.Span, model, out LayerEvidence? shown)
                    ? new LayerJudge(key, measured.Layer).Judge(plan, trace, answer.Ids, shown)
                    : Malformed,
                    Malformed);
            }

            outcomes.Add(weights.Weigh(answer.ManifestRoot, receipt.NumericProfile, LayerTest, number, layer.IsAccepted ? 0 : 1, layer.IsAccepted));
            if (!layer.IsAccepted)
            {
                return Caught(canary, LayerTest, layer.Failed, number, outcomes);
            }

            // What a format allowed at a step takes the model's tokenizer to know.
            if (receipt.Sampling.ResponseFormat is not null)
            {
                continue;
            }

            ReadOnlyMemory<byte> shownRow = openings[number].Logits;
            OpeningVerdict logits = NodeBytes.Judge(() => OpeningEncoding.TryDecode(shownRow.Span, model, out LogitsEvidence? row)
                ? new LogitsJudge(model, epochKeys.Output, measured.Logits).Judge(plan, trace, answer.Ids, Drawn(answer), row)
                : Malformed,
                Malformed);
            outcomes.Add(weights.Weigh(answer.ManifestRoot, receipt.NumericProfile, LogitsTest, number, logits.IsAccepted ? 0 : 1, logits.IsAccepted));
            if (!logits.IsAccepted)
            {
                return Caught(canary, LogitsTest, logits.Failed, number, outcomes);
            }
        }

        return new WorkEnd(WorkResult.Passed) { Outcomes = outcomes };
    }

    // Rejected for its form: the judges' own verdict on parts that are not there.
    private static OpeningVerdict Malformed => default;

    internal static SamplingParameters Parameters(SamplingClaims claims) => new(claims.TemperatureMicro, claims.TopPMicro, checked((int)claims.TopK))
    {
        FrequencyPenaltyMicro = claims.FrequencyPenaltyMicro,
        PresencePenaltyMicro = claims.PresencePenaltyMicro,
        RepetitionPenaltyMicro = claims.RepetitionPenaltyMicro,
    };

    private static DrawnToken Drawn(AuditedAnswer answer) => new(
        Parameters(answer.Receipt.Sampling), SamplingSeed.Derive(answer.Receipt.Sampling.Seed, answer.Receipt.ClientNonce.Span), answer.PromptTokens, default);

    private static WorkEnd Caught(byte[] canary, string test, OpeningCheck failed, int number, List<NewOutcome> outcomes)
    {
        string check = $"{test}.{(failed == OpeningCheck.NotJudged ? "form" : JsonName(failed))}";
        return AuditVerdict.Caught(check, $"opening {number} fails the check {check}", canary) with { Outcomes = outcomes };
    }

    private static string JsonName(OpeningCheck check) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(check.ToString());
}
