using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;

namespace Verathos.Validator.Epochs;

/// <summary>What an epoch will take, before it is run: from the settings, an average of the pool's requests, and the models' shapes.</summary>
/// <param name="Nodes">Nodes that are challenged.</param>
/// <param name="Asked">Of them, those that are sent canaries.</param>
/// <param name="Challenges">Fetches of evidence.</param>
/// <param name="Canaries">Requests.</param>
/// <param name="PromptTokens">Of all canaries, about.</param>
/// <param name="OutputTokens">Of all canaries, at most about.</param>
/// <param name="Audits">Audited receipts, about.</param>
/// <param name="DeepAudits">Of them with the model.</param>
/// <param name="BytesSent">About.</param>
/// <param name="BytesReceived">About.</param>
/// <param name="RequestsPerSecond">On average.</param>
public sealed record EpochCost(
    long Nodes, long Asked, long Challenges, long Canaries, long PromptTokens, long OutputTokens, double Audits, double DeepAudits, long BytesSent, long BytesReceived, double RequestsPerSecond)
{
    // Of a request sealed to X-Wing with its padding; of an event of one token; of simulated evidence with its collateral; of acceptance, checkpoints and receipt. A
    // test counts an epoch's bytes on loopback and holds the sums to a factor of two.
    private const int RequestBytes = 2_000;
    private const int TokenBytes = 420;
    private const int PromptTokenBytes = 8;
    private const int EvidenceBytes = 40_000;
    private const int StatementBytes = 2_500;

    /// <summary>Counts an epoch.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="ratesPpm">For each active node the share of its receipts that is audited, in millionths.</param>
    /// <param name="resting">Nodes that are challenged only.</param>
    /// <param name="expected">An average canary.</param>
    /// <param name="model">The shape of the largest model; null where no key is there yet, so that openings are not counted.</param>
    public static EpochCost Of(ValidatorConfiguration configuration, IReadOnlyList<int> ratesPpm, int resting, CanaryExpectation expected, ModelConstants? model)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(ratesPpm);
        ArgumentNullException.ThrowIfNull(expected);
        long nodes = ratesPpm.Count + resting;
        long challenges = nodes * configuration.ChallengesPerNode;
        long canaries = (long)ratesPpm.Count * configuration.CanariesPerNode;
        double audits = ratesPpm.Sum(rate => rate / 1e6) * configuration.CanariesPerNode;
        double deep = audits * configuration.DeepPpm / 1e6;
        double opening = model is null ? 0 : configuration.OpeningsPerAudit * OpeningBytes(model, expected);
        double chunks = model is null ? 0 : (1 + (expected.OutputTokens / SketchPlan.ChunkTokens)) * (double)(258 + (SketchPlan.Depths(model.Shape.Layers).Length * SketchPlan.Size));
        double sent = (canaries * (RequestBytes + ((double)expected.PromptTokens * PromptTokenBytes))) + (audits * RequestBytes) + (deep * RequestBytes) + (challenges * 200.0);
        double received = (canaries * (StatementBytes + ((double)expected.OutputTokens * TokenBytes) + ((double)expected.PromptTokens * PromptTokenBytes)))
            + (audits * (StatementBytes + opening)) + (deep * (StatementBytes + chunks)) + (challenges * (double)EvidenceBytes);
        return new EpochCost(
            nodes, ratesPpm.Count, challenges, canaries, canaries * expected.PromptTokens, canaries * expected.OutputTokens, audits, deep, (long)sent, (long)received,
            (challenges + canaries + audits + deep) / configuration.EpochSeconds);
    }

    /// <summary>Bytes of an opened layer and an opened row of logits, in the middle of an average answer.</summary>
    private static double OpeningBytes(ModelConstants model, CanaryExpectation expected)
    {
        TraceShape shape = model.Shape;
        double step = (shape.Leaves * 32.0) + (4.0 * shape.Layers * shape.HiddenSize) + (shape.Layers * shape.KvHeads * 32.0);
        double position = (expected.PromptTokens + expected.OutputTokens) / 2.0;
        double layer = (2.0 * model.Heads * shape.HeadSize * 2) + (2.0 * shape.KvHeads * shape.HeadSize * 2) + (4.0 * model.IntermediateSize) + (4.0 * position * shape.HeadSize) + (2.0 * shape.HiddenSize);
        double logits = (4.0 * shape.VocabularySize) + ((LogitsJudge.Highest + 2) * ((2.0 * shape.HiddenSize) + (32 * Math.Log2(shape.VocabularySize))));
        return (2 * step) + layer + logits;
    }
}
