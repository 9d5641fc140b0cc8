using System.Diagnostics;
using Verathos.Bench.Statistics;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>Times generation with and without a trace on a random model of SmolLM2-135M's shape, in interleaved pairs.</summary>
internal static class TracedGeneration
{
    private const int Prompt = 256;
    private const int Answer = 32;

    public static IReadOnlyList<TraceOverhead> Run(int pairs, int threads, CancellationToken stop)
    {
        using LoadedModel model = RandomModel.Create(
            RandomModel.SmolLm2Shape, 1, new LoadOptions { Profile = NumericProfile.Bf16Lane16, MaxContext = 1024, Threads = threads });
        return
        [
            Measure(model, $"prompt of {Prompt} tokens", Prompt, 1, pairs, Prefill, stop),
            Measure(model, "one answer", Answer, 1, pairs, Decode, stop),
            Measure(model, "eight answers at once", Answer, 8, pairs, Decode, stop),
        ];
    }

    private static TraceOverhead Measure(LoadedModel model, string workload, int tokens, int sequences, int pairs, Func<LoadedModel, SequenceState[], double> run, CancellationToken stop)
    {
        List<double> plain = [], traced = [];
        for (int pair = -1; pair < pairs; pair++)
        {
            // Which comes first turns, so that a drift of the machine's speed weighs on both.
            foreach (bool trace in (bool[])[pair % 2 == 0, pair % 2 != 0])
            {
                stop.ThrowIfCancellationRequested();
                double seconds = Once(model, sequences, trace, run);
                if (pair >= 0)
                {
                    (trace ? traced : plain).Add(seconds);
                }
            }
        }

        double all = (double)tokens * sequences;
        return new TraceOverhead(workload, Spread.Of(plain.Select(s => all / s)), Spread.Of(traced.Select(s => all / s)), PairedRatio.Of(traced, plain));
    }

    private static double Once(LoadedModel model, int sequences, bool trace, Func<LoadedModel, SequenceState[], double> run)
    {
        ModelConfig config = model.Config;
        TraceShape shape = new(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize);
        SequenceState[] states = [.. Enumerable.Range(0, sequences).Select(_ => model.Backend.CreateSequence(Prompt + Answer))];
        TraceCommitment[] traces = [.. states.Where(_ => trace).Select(_ => new TraceCommitment(shape, new byte[TraceSalts.SecretSize]))];
        for (int i = 0; i < traces.Length; i++)
        {
            states[i].Trace = new SequenceTrace(traces[i], run == Prefill ? Prompt : 1);
        }

        double seconds = run(model, states);
        Array.ForEach(states, state => state.Dispose());
        Array.ForEach(traces, one => one.Dispose());
        return seconds;
    }

    private static double Prefill(LoadedModel model, SequenceState[] states)
    {
        int[] ids = [.. Enumerable.Range(0, Prompt)];
        float[] logits = new float[model.Config.VocabularySize];
        long start = Stopwatch.GetTimestamp();
        model.Backend.Forward(states[0], ids, logits);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Decode(LoadedModel model, SequenceState[] states)
    {
        float[] logits = new float[states.Length * model.Config.VocabularySize];
        int[] ids = [.. states.Select((_, i) => i)];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Answer; i++)
        {
            model.Backend.Decode(states, ids, logits);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
