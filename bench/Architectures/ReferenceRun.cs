using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Architectures;

/// <summary>One case run by this engine: the prompt, then greedily chosen ids in f32, which every other run is fed, too.</summary>
public sealed class ReferenceRun
{
    private const int Continued = 12;

    private ReferenceRun(ReferenceModel model, IReadOnlyList<int> ids, double[][] exact) => (Model, Ids, LogProbabilities) = (model, ids, exact);

    /// <summary>The weights.</summary>
    public ReferenceModel Model { get; }

    /// <summary>The prompt and the ids chosen after it.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>Positions after which distributions are compared: the prompt's last and those of the chosen ids but the last.</summary>
    public IReadOnlyList<int> Positions => [.. Enumerable.Range(Model.Prompt.Count - 1, Continued)];

    /// <summary>Logarithms of probabilities in f32 for each of <see cref="Positions"/>.</summary>
    public IReadOnlyList<IReadOnlyList<double>> LogProbabilities { get; }

    /// <summary>Runs a model's file in f32.</summary>
    public static ReferenceRun Start(ReferenceModel model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        using LoadedModel loaded = Load(path, NumericProfile.F32);
        List<int> ids = [.. model.Prompt];
        double[][] exact = Run(loaded, ids, Continued);
        return new ReferenceRun(model, ids, exact);
    }

    /// <summary>The greatest difference at each position of another profile or file on the same ids.</summary>
    public IReadOnlyList<double> Differences(string path, NumericProfile profile) =>
        [.. LogProbabilities.Zip(Distributions(path, profile, Ids)).Select(static pair => Difference(pair.First, pair.Second))];

    /// <summary>Another profile's or file's logarithms of probabilities at each position, for the prompt and given ids after it.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Distributions(string path, NumericProfile profile, IReadOnlyList<int> ids)
    {
        using LoadedModel loaded = Load(path, profile);
        return Run(loaded, [.. ids], 0, Model.Prompt.Count);
    }

    /// <summary>The greatest difference of two rows.</summary>
    public static double Difference(IReadOnlyList<double> a, IReadOnlyList<double> b) => a.Count == b.Count
        ? a.Zip(b).Max(static pair => double.IsFinite(pair.First - pair.Second) ? Math.Abs(pair.First - pair.Second) : double.MaxValue)
        : double.MaxValue;

    /// <summary>The comparison with llama.cpp's answers.</summary>
    public ReferenceRow Compare(IReadOnlyList<ReferenceAnswer> answers, double folder, double bf16, double lane16)
    {
        ArgumentNullException.ThrowIfNull(answers);
        IEnumerable<(IReadOnlyList<double> Own, ReferenceAnswer Answer)> pairs = LogProbabilities.Zip(answers);
        double difference = pairs.Max(static pair => Difference(pair.Own, pair.Answer.LogProbabilities));
        int same = answers.Count(answer => answer.Best == Ids[answer.At + 1]);

        // Where both are within the tolerance, a choice can differ only between ids whose logarithms lie within twice that.
        int unequal = pairs.Count(pair => pair.Own[Ids[pair.Answer.At + 1]] - pair.Own[pair.Answer.Best] > 2 * Model.Case.Tolerance);
        return new ReferenceRow(Model.Case.Name, difference, Model.Case.Tolerance, same, unequal, LogProbabilities.Count, folder, bf16, lane16);
    }

    private static LoadedModel Load(string path, NumericProfile profile) => ModelLoader.Load(path, new LoadOptions { Profile = profile });

    /// <summary>Computes the prompt at once and the rest one by one, choosing <paramref name="choose"/> ids or taking those that are there.</summary>
    private static double[][] Run(LoadedModel model, List<int> ids, int choose, int prompt = 0)
    {
        prompt = choose > 0 ? ids.Count : prompt;
        int count = choose > 0 ? choose : ids.Count - prompt;
        float[] logits = new float[model.Config.VocabularySize];
        double[][] rows = new double[count][];
        using SequenceState state = model.Backend.CreateSequence(prompt + count);
        model.Backend.Forward(state, [.. ids.Take(prompt)], logits);
        for (int i = 0; i < count; i++)
        {
            rows[i] = Normalise(logits);
            if (choose > 0)
            {
                ids.Add(Array.IndexOf(logits, logits.Max()));
            }

            if (i + 1 < count)
            {
                model.Backend.Forward(state, [ids[prompt + i]], logits);
            }
        }

        return rows;
    }

    private static double[] Normalise(float[] logits)
    {
        double highest = logits.Max();
        double total = Math.Log(logits.Sum(x => Math.Exp(x - highest)));
        return [.. logits.Select(x => x - highest - total)];
    }
}
