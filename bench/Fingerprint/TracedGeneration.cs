using System.Diagnostics;
using Verathos.Bench.Statistics;
using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>
/// Times generation without fingerprints, with trace and sketches, and with TOPLOC proofs as well, from their making to their roots, on
/// a random model of SmolLM2-135M's shape, interleaved.
/// </summary>
internal static class TracedGeneration
{
    private const int Prompt = 256;
    private const int Answer = 32;
    private const int WarmPairs = 3;

    /// <summary>What a run makes beside the tokens.</summary>
    private enum Fingerprints
    {
        None,
        TraceAndSketches,
        All,
    }

    public static IReadOnlyList<TraceOverhead> Run(int pairs, int threads, CancellationToken stop)
    {
        using LoadedModel model = RandomModel.Create(
            RandomModel.SmolLm2Shape, 1, new LoadOptions { Profile = NumericProfile.Bf16Lane16, MaxContext = 1024, Threads = threads });
        return
        [
            .. Measure(model, $"prompt of {Prompt} tokens", 1, Prompt, 0, pairs, stop),
            .. Measure(model, "one answer", 1, 1, Answer, pairs, stop),
            .. Measure(model, "eight answers at once", 8, 1, Answer, pairs, stop),
        ];
    }

    private static IEnumerable<TraceOverhead> Measure(LoadedModel model, string workload, int sequences, int prompt, int answer, int pairs, CancellationToken stop)
    {
        Fingerprints[] kinds = Enum.GetValues<Fingerprints>();
        List<(double Wall, double Processor)>[] seconds = [.. kinds.Select(static _ => new List<(double, double)>())];
        for (int pair = -WarmPairs; pair < pairs; pair++)
        {
            // Which comes first turns, so that a drift of the machine's speed weighs on all.
            for (int i = 0; i < kinds.Length; i++)
            {
                stop.ThrowIfCancellationRequested();
                Fingerprints kind = kinds[(i + pair + WarmPairs) % kinds.Length];
                (double, double) once = Once(model, sequences, prompt, answer, kind);
                if (pair >= 0)
                {
                    seconds[(int)kind].Add(once);
                }
            }
        }

        double all = (double)(answer == 0 ? prompt : answer) * sequences;
        List<(double Wall, double Processor)> plain = seconds[(int)Fingerprints.None];
        foreach (Fingerprints kind in (Fingerprints[])[Fingerprints.TraceAndSketches, Fingerprints.All])
        {
            List<(double Wall, double Processor)> traced = seconds[(int)kind];
            yield return new TraceOverhead(
                workload, kind == Fingerprints.All ? "trace, sketches, TOPLOC" : "trace, sketches",
                Spread.Of(plain.Select(s => all / s.Wall)), Spread.Of(traced.Select(s => all / s.Wall)),
                PairedRatio.Of([.. traced.Select(static s => s.Wall)], [.. plain.Select(static s => s.Wall)]),
                PairedRatio.Of([.. traced.Select(static s => s.Processor)], [.. plain.Select(static s => s.Processor)]));
        }
    }

    private static (double Wall, double Processor) Once(LoadedModel model, int sequences, int prompt, int answer, Fingerprints kind)
    {
        ModelConfig config = model.Config;
        TraceShape shape = new(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize);
        SequenceState[] states = [.. Enumerable.Range(0, sequences).Select(_ => model.Backend.CreateSequence(Prompt + Answer))];
        float[] logits = new float[sequences * config.VocabularySize];
        int[] ids = [.. Enumerable.Range(0, Math.Max(prompt, sequences))];
        byte[] root = new byte[TraceHash.Size];
        bool all = kind == Fingerprints.All;
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        TraceCommitment[] traces = [.. states.Where(_ => kind != Fingerprints.None).Select(_ => new TraceCommitment(shape, new byte[TraceSalts.SecretSize]))];
        AnswerProofs[] proofs = [.. traces.Select(_ => new AnswerProofs(config.Layers, prompt, new byte[SketchPlan.SeedSize], withToploc: all))];
        for (int i = 0; i < traces.Length; i++)
        {
            states[i].Trace = new SequenceTrace(traces[i], prompt) { Proofs = proofs[i] };
        }

        if (answer == 0)
        {
            model.Backend.Forward(states[0], ids, logits);
            Array.ForEach(traces, one => one.WriteRoot(root));
        }

        for (int i = 0; i < answer; i++)
        {
            model.Backend.Decode(states, ids.AsSpan(0, sequences), logits);
            Array.ForEach(traces, one => one.WriteRoot(root));
        }

        for (int i = 0; i < traces.Length; i++)
        {
            using TraceSalts salts = new(new byte[TraceSalts.SecretSize]);
            proofs[i].Finish();
            if (all)
            {
                proofs[i].Roots(salts);
            }
            else
            {
                proofs[i].SketchRoot(salts);
            }

            proofs[i].Dispose();
            traces[i].Dispose();
        }

        (double, double) seconds = (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
        Array.ForEach(states, state => state.Dispose());
        return seconds;
    }
}
