using System.Text.Json;

namespace Verathos.Bench.Architectures;

/// <summary>llama.cpp's answers as a file, so that they can be compared with where it is absent.</summary>
public static class ReferenceGolden
{
    private static readonly JsonSerializerOptions s_web = new(JsonSerializerDefaults.Web);

    /// <summary>One case's answers.</summary>
    /// <param name="Name">The case.</param>
    /// <param name="Ids">The prompt and the ids that were fed after it.</param>
    /// <param name="Best">llama.cpp's choice after each compared position.</param>
    /// <param name="First">Its logarithms of probabilities after the prompt, rounded.</param>
    /// <param name="Last">The same after the last compared position.</param>
    public sealed record Entry(string Name, IReadOnlyList<int> Ids, IReadOnlyList<int> Best, IReadOnlyList<double> First, IReadOnlyList<double> Last);

    /// <summary>All answers.</summary>
    /// <param name="Seed">Chose weights and prompts.</param>
    /// <param name="Peer">Who answered.</param>
    /// <param name="Cases">The cases.</param>
    public sealed record Document(int Seed, string Peer, IReadOnlyList<Entry> Cases);

    /// <summary>Reads a file.</summary>
    public static Document Read(string path) => JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), s_web)
        ?? throw new InvalidDataException($"{path} is empty");

    internal static void Write(string path, int seed, IEnumerable<(ReferenceRun Run, IReadOnlyList<ReferenceAnswer> Answers)> runs)
    {
        Entry[] cases = [.. runs.Select(static r => new Entry(
            r.Run.Model.Case.Name,
            r.Run.Ids,
            [.. r.Answers.Select(static a => a.Best)],
            Rounded(r.Answers[0].LogProbabilities),
            Rounded(r.Answers[^1].LogProbabilities)))];
        using FileStream file = File.Create(path);
        using StreamWriter writer = new(file);
        writer.Write($"{{\"seed\":{seed},\"peer\":{JsonSerializer.Serialize(ReferenceBench.Peer)},\"cases\":[\n");
        writer.Write(string.Join(",\n", cases.Select(static c => JsonSerializer.Serialize(c, s_web))));
        writer.Write("\n]}\n");
    }

    private static double[] Rounded(IReadOnlyList<double> values) => [.. values.Select(static v => Math.Round(v, 5))];
}
