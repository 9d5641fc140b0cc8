using System.Globalization;
using System.Text.Json.Nodes;

namespace Verathos.Bench.Canaries;

/// <summary>A request as numbers: places of words and values that it has, and a few sizes and times.</summary>
/// <param name="Places">Hashed places, each once.</param>
/// <param name="Values">The value at each place.</param>
/// <param name="Sizes">Sizes and times, not yet of one scale.</param>
public sealed record Features(int[] Places, float[] Values, double[] Sizes)
{
    /// <summary>Places there are.</summary>
    public const int Width = 1 << 14;

    /// <summary>What somebody sees who reads everything: every group of 1 to 4 letters of every message, the members and their order, their values, lengths, and times.</summary>
    /// <param name="request">The request.</param>
    /// <param name="before">Seconds since the request before it, of anybody.</param>
    /// <param name="after">Seconds to the next.</param>
    public static Features OfReader(ObservedRequest request, double before, double after)
    {
        ArgumentNullException.ThrowIfNull(request);
        Dictionary<int, float> counts = [];
        string? previous = null;
        int messages = 0, bytes = 0;
        foreach ((string name, JsonNode? value) in request.Body)
        {
            Add($"member {name}");
            Add($"after {previous}: {name}");
            previous = name;
            if (name is "messages" && value is JsonArray list)
            {
                messages = list.Count;
                foreach (JsonNode? message in list)
                {
                    bytes += Grams((string)message!["role"]! + " ", (string)message["content"]!);
                }

                Add($"messages {messages} {list[0]!["role"]}");
            }
            else if (name is "prompt")
            {
                bytes += Grams("prompt ", (string)value!);
            }
            else
            {
                // A seed that the client draws is new each time; its number of digits is what can be seen of it.
                string text = value?.ToJsonString() ?? "null";
                Add(name == "seed" ? $"seed {text.Length}" : $"{name}={text}");
            }
        }

        double norm = Math.Sqrt(counts.Values.Sum(static value => (double)value * value));
        int[] places = [.. counts.Keys];
        return new Features(places, [.. places.Select(place => (float)(counts[place] / norm))], [Math.Log(1 + bytes), messages, Math.Log(1 + Length(request.Body["max_tokens"])), .. Times(request, before, after)]);

        void Add(string word)
        {
            int place = Place(word);
            counts[place] = counts.GetValueOrDefault(place) + 1;
        }

        int Grams(string kind, string text)
        {
            string framed = "\u0002" + text + "\u0003";
            for (int length = 1; length <= 4; length++)
            {
                for (int at = 0; at + length <= framed.Length; at++)
                {
                    int place = Place(string.Concat(kind, framed.AsSpan(at, length)));

                    // How often matters less than whether.
                    counts[place] = counts.GetValueOrDefault(place) is var count && count > 0 ? MathF.Min(count + 0.25f, 3) : 1;
                }
            }

            return text.Length;
        }
    }

    /// <summary>What a host sees: sizes of ciphertext and times.</summary>
    /// <param name="request">The request.</param>
    /// <param name="before">Seconds since the request before it, of anybody.</param>
    /// <param name="after">Seconds to the next.</param>
    public static Features OfHost(ObservedRequest request, double before, double after)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new Features(
            [Place("headers " + request.OuterHeaders), Place($"sealed {request.SealedBytes}"), Place($"chunks {request.AnswerChunks}")], [1, 1, 1],
            [request.SealedBytes, Math.Log(1 + request.AnswerChunks), .. Times(request, before, after)]);
    }

    // A node that was set has another form than one that was parsed.
    private static double Length(JsonNode? node) => node is null ? 0 : double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);

    private static double[] Times(ObservedRequest request, double before, double after) =>
    [
        Math.Log(1e-3 + before), Math.Log(1e-3 + after), Math.Sin(request.At.TotalDays * 2 * Math.PI), Math.Cos(request.At.TotalDays * 2 * Math.PI), request.At.TotalSeconds % 60, request.At.TotalMilliseconds % 1000, request.At.TotalDays,
    ];

    // FNV-1a, so that a place is the same in every process.
    private static int Place(string word)
    {
        uint hash = 2166136261;
        foreach (char letter in word)
        {
            hash = unchecked((hash ^ letter) * 16777619);
        }

        return (int)((hash ^ (hash >> 15)) % Width);
    }
}
