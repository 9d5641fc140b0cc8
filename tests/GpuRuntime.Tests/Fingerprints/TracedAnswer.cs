using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Fingerprints;

/// <summary>A node that answers with some weights, and opens what it committed to.</summary>
internal sealed class TracedAnswer : IDisposable
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(5 * i))];
    private readonly Lane16Backend _backend;
    private readonly ValidatorKeyMaker _rows;

    public TracedAnswer(ModelSource served, ValidatorKeyMaker rows, int[] prompt, int count)
    {
        _rows = rows;
        _backend = new Lane16Backend(served, NumericProfile.Bf16Lane16, 256, 1);
        Drawn = new DrawnToken(SamplingParameters.FromDecimals(0.8, 0.95, 50), SamplingSeed.Derive(3, Nonce), prompt.Length, Array.Empty<ulong>());
        TraceShape shape = rows.Constants.Shape;
        using TraceCommitment trace = new(shape, Secret);
        using SequenceState state = _backend.CreateSequence(prompt.Length + count);
        using TraceSalts salts = new(Secret);
        using AnswerProofs proofs = new(shape.Layers, prompt.Length, SketchPlan.DeriveSeed(Nonce));
        state.Trace = new SequenceTrace(trace, prompt.Length) { Proofs = proofs };
        List<int> ids = [.. prompt];
        float[] logits = new float[shape.VocabularySize];
        _backend.Forward(state, prompt, logits);
        for (int step = 0; step < count; step++)
        {
            ids.Add(Sampler.Sample(logits, Drawn.Parameters, Drawn.Seed.Span, step));
            if (step < count - 1)
            {
                _backend.Forward(state, [ids[^1]], logits);
            }
        }

        byte[] root = new byte[32];
        trace.WriteRoot(root);
        Trace = new CommittedTrace(shape, trace.Steps, root);
        proofs.Finish();
        (Toploc, Sketches) = ([.. proofs.Toploc], proofs.Sketches);
        (ToplocRoot, SketchRoot) = proofs.Roots(salts);
        Answer = new CommittedAnswer([.. ids], prompt.Length, Secret, [.. trace.StepHashes]);
    }

    public static byte[] Nonce => new byte[16];

    public IReadOnlyList<byte[]> Toploc { get; }

    public IReadOnlyList<byte[]> Sketches { get; }

    public byte[] ToplocRoot { get; }

    public byte[] SketchRoot { get; }

    public CommittedAnswer Answer { get; }

    public CommittedTrace Trace { get; }

    public DrawnToken Drawn { get; }

    public OpeningPlan Plan(int number) => OpeningPlan.Derive(
        [.. Enumerable.Repeat((byte)1, 32)], [.. Enumerable.Repeat((byte)2, 32)], number, Trace.Shape, _rows.Constants.Heads, Answer.PromptTokens, Trace.Steps);

    public (LayerEvidence Layer, LogitsEvidence Logits) Open(OpeningPlan plan) => new OpeningMaker(_backend, _rows).Open(Answer, plan);

    /// <summary>Opens and judges, as a validator with keys of its own would.</summary>
    public (OpeningVerdict Layer, OpeningVerdict Logits) Judge(int number, LayerKey[] keys, MatrixKey output, LayerLimits limits)
    {
        OpeningPlan plan = Plan(number);
        (LayerEvidence layer, LogitsEvidence logits) = Open(plan);
        Assert.True(OpeningEncoding.TryDecode(OpeningEncoding.Encode(layer), _rows.Constants, out LayerEvidence? sentLayer));
        Assert.True(OpeningEncoding.TryDecode(OpeningEncoding.Encode(logits), _rows.Constants, out LogitsEvidence? sentLogits));
        return (new LayerJudge(keys[plan.Layer], limits).Judge(plan, Trace, Answer.Ids, sentLayer),
            new LogitsJudge(_rows.Constants, output, limits.Matrices[0]).Judge(plan, Trace, Answer.Ids, Drawn, sentLogits));
    }

    public void Dispose() => _backend.Dispose();
}
