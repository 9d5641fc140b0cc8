using System.Text.Json.Nodes;
using Verathos.Client.Requests;

namespace Verathos.Validator.Canaries;

/// <summary>Draws the members of a body beside what is said, as OpenAI's libraries, scripts and this repository's own client write them.</summary>
internal static class BodyWriter
{
    private static readonly int[] s_lengths = [8, 12, 16, 20, 24, 30, 32, 40, 48, 50, 60, 64, 80, 96, 100, 120, 128, 150, 200, 250, 256, 300, 400, 500, 512, 600, 800, 1000, 1024];
    private static readonly string[] s_temperatures = ["0.1", "0.2", "0.3", "0.5", "0.6", "0.7", "0.7", "0.7", "0.8", "0.8", "0.9", "1", "1", "1.0", "1.1", "1.2"];
    private static readonly string[] s_topP = ["0.8", "0.85", "0.9", "0.9", "0.92", "0.95", "0.95", "0.95", "0.98", "1"];
    private static readonly string[] s_penalties = ["0.1", "0.2", "0.2", "0.3", "0.5", "0.6", "1", "-0.2"];
    private static readonly string[] s_stops = ["\"\\n\\n\"", "[\"\\n\"]", "[\"###\"]", "[\"User:\",\"Assistant:\"]", "\"END\"", "[\"\\n\\n\\n\"]", "[\"Q:\"]", "\".\""];

    public static JsonObject Write(CanaryRandom random, CorpusShape shape, InferenceKind kind, int turns)
    {
        // This repository's own client names no model and writes all of its parameters; others write those that they set.
        bool own = random.Percent(25);
        string content = kind == InferenceKind.Chat ? "\"messages\":[]" : "\"prompt\":\"\"";
        List<string> members = [];
        string? temperature = random.Percent(own ? 45 : 30) ? "0" : random.Percent(25) ? null : random.Pick(s_temperatures);
        string? topP = random.Percent(28) ? random.Pick(s_topP) : null;
        int[] lengths = [.. s_lengths.Where(length => length <= shape.MaxAnswerTokens)];
        string? length = turns > 1 || random.Percent(94)
            ? (random.Percent(20) ? random.Between(1, Math.Min(16, shape.MaxAnswerTokens)) : random.Percent(12) ? random.Between(1, shape.MaxAnswerTokens) : lengths.Length == 0 ? shape.MaxAnswerTokens : lengths[Lean(random, lengths.Length)]).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : null;
        string? seed = random.Percent(14) ? (random.Percent(45) ? "42" : random.Percent(40) ? random.Next(2048).ToString(System.Globalization.CultureInfo.InvariantCulture) : random.Next(int.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture)) : null;
        string? stop = random.Percent(8) ? random.Pick(s_stops) : null;
        if (own)
        {
            Add("temperature", temperature ?? "1");
            Add("top_p", topP ?? "1");
            Add("top_k", random.Percent(8) ? random.Pick(["20", "40", "50"]) : "0");
            Add("stream", "true");
            Add("max_tokens", length);
            Add("seed", seed);
            Add("stop", stop);
            return Parse([content, .. members]);
        }

        Add(kind == InferenceKind.Chat && random.Percent(20) ? "max_completion_tokens" : "max_tokens", length);
        Add("temperature", temperature);
        Add("top_p", topP);
        Add("seed", seed);
        Add("stop", stop);
        Add("frequency_penalty", random.Percent(5) ? random.Pick(s_penalties) : null);
        Add("presence_penalty", random.Percent(4) ? random.Pick(s_penalties) : null);
        Add("stream", random.Percent(55) ? "true" : random.Percent(30) ? "false" : null);
        if (random.Percent(30))
        {
            for (int i = members.Count - 1; i > 0; i--)
            {
                int other = random.Next(i + 1);
                (members[i], members[other]) = (members[other], members[i]);
            }
        }

        if (kind == InferenceKind.Chat && random.Percent(3))
        {
            members.Add("\"logprobs\":true");
            members.Add($"\"top_logprobs\":{random.Between(1, 5)}");
        }

        return Parse(random.Percent(60) ? ["\"model\":\"\"", content, .. members] : [content, "\"model\":\"\"", .. members]);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                members.Add($"\"{name}\":{value}");
            }
        }
    }

    // The lower lengths more often than the upper ones.
    private static int Lean(CanaryRandom random, int count) => Math.Min(random.Next(count), random.Next(count + (count / 2)));

    private static JsonObject Parse(IEnumerable<string> members) => (JsonObject)JsonNode.Parse("{" + string.Join(',', members) + "}")!;
}
