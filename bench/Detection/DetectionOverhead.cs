using System.Diagnostics;
using Verathos.Bench.Detection.Attacks;
using Verathos.Bench.Statistics;
using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>Times answers with every step committed, sketched and proved, over the same without, in interleaved pairs on one thread.</summary>
internal static class DetectionOverhead
{
    private const int Pairs = 9;

    public static PairedRatio Run(AttackContext context)
    {
        List<double> committed = [], plain = [];
        for (int pair = -1; pair < Pairs; pair++)
        {
            foreach (bool trace in (bool[])[pair % 2 == 0, pair % 2 != 0])
            {
                context.Stop.ThrowIfCancellationRequested();
                double seconds = Once(context, context.Tasks[0], trace);
                if (pair >= 0)
                {
                    (trace ? committed : plain).Add(seconds);
                }
            }
        }

        return PairedRatio.Of(committed, plain);
    }

    private static double Once(AttackContext context, AnswerTask task, bool trace)
    {
        byte[] seed = SamplingSeed.Derive(task.ClientSeed, task.ClientNonce);
        using TraceCommitment commitment = new(context.Exact.Shape, task.TraceSecret);
        using AnswerProofs proofs = new(context.Exact.Shape.Layers, task.Prompt.Length, SketchPlan.DeriveSeed(task.ClientNonce));
        using SequenceState state = context.Honest.CreateSequence(context.Context);
        state.Trace = trace ? new SequenceTrace(commitment, task.Prompt.Length) { Proofs = proofs } : null;
        float[] logits = new float[context.Exact.Config.VocabularySize];
        byte[] root = new byte[TraceHash.Size];
        int[] ids = task.Prompt;
        long start = Stopwatch.GetTimestamp();
        for (int step = 0; step < task.Tokens; step++)
        {
            context.Honest.Forward(state, ids, logits);
            ids = [Sampler.Sample(logits, SamplingParameters.Greedy, seed, step)];
            if (trace)
            {
                commitment.WriteRoot(root);
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
