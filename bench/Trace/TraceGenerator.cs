using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Trace;

/// <summary>Random requests that follow from a seed: lengths, arrivals, sampling parameters, stop texts, cancellations and faults.</summary>
/// <param name="seed">Chooses them.</param>
/// <param name="model">Whose vocabulary and context they are made for.</param>
/// <param name="named">Whether they name the model.</param>
internal sealed class TraceGenerator(int seed, LoadedModel model, bool named = false)
{
    private const int LongestPrompt = 300;
    private const int LongestAnswer = 60;

    // Gateway messages shorter than a header, and longer ones under no key that lives.
    private const int LongestGarbage = 3000;

    /// <summary>The schema of requests that must be answered in JSON.</summary>
    public const string Schema = """{"type":"object","properties":{"name":{"type":"string","maxLength":12},"n":{"type":"integer"},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3}},"required":["name","tags"]}""";

    private static readonly string[] Stops = ["e", " the", "an", ".", " a", "is"];
    private readonly Random _random = new(seed);

    /// <summary>The next request.</summary>
    public TraceRequest Next()
    {
        TraceKind kind = _random.Next(100) switch
        {
            < 62 => TraceKind.Whole,
            < 76 => TraceKind.Stopped,
            < 88 => TraceKind.Cancelled,
            < 97 => TraceKind.Bad,
            _ => TraceKind.Garbage,
        };

        // Every eighth arrival ends a pause; the others come in bursts.
        TimeSpan pause = _random.Next(8) == 0 ? TimeSpan.FromMilliseconds(_random.Next(80)) : TimeSpan.Zero;
        if (kind == TraceKind.Garbage)
        {
            byte[] bytes = new byte[_random.Next(1, LongestGarbage)];
            _random.NextBytes(bytes);
            return new TraceRequest(kind, bytes, [], 0, null, 0, null, pause);
        }

        int longest = Math.Min(LongestPrompt, model.MaxContext / 2);
        int[] prompt = new int[1 + (int)Math.Pow(longest, _random.NextDouble())];
        for (int i = 0; i < prompt.Length; i++)
        {
            prompt[i] = _random.Next(model.Tokenizer.VocabularySize);
        }

        int most = _random.Next(1, Math.Min(LongestAnswer, model.MaxContext - prompt.Length));
        string? stop = kind == TraceKind.Stopped ? Stops[_random.Next(Stops.Length)] : null;

        // A request that is left gives no receipt, so its nonce is not known afterwards: it takes the likeliest tokens.
        JsonObject body = Body(prompt, most, stop, greedy: kind == TraceKind.Cancelled);
        (int Status, string Code)? expected = kind == TraceKind.Bad ? Spoil(body) : null;
        return new TraceRequest(kind, System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), prompt, most, stop, _random.Next(0, most), expected, pause);
    }

    private JsonObject Body(int[] prompt, int most, string? stop, bool greedy)
    {
        JsonObject body = new()
        {
            ["prompt"] = new JsonArray([.. prompt.Select(id => (JsonNode)id)]),
            ["max_tokens"] = most,
            ["temperature"] = greedy || _random.Next(3) == 0 ? 0 : Round(_random.NextDouble() * 2),
        };
        if (named)
        {
            body["model"] = model.Manifest.Name;
        }

        if (stop is not null)
        {
            body["stop"] = stop;
        }

        Sometimes(body, "top_p", () => Round(0.05 + (_random.NextDouble() * 0.95)));
        Sometimes(body, "top_k", () => _random.Next(1, 100));
        Sometimes(body, "frequency_penalty", () => Round((_random.NextDouble() * 4) - 2));
        Sometimes(body, "presence_penalty", () => Round((_random.NextDouble() * 4) - 2));
        Sometimes(body, "repetition_penalty", () => Round(0.5 + _random.NextDouble()));
        Sometimes(body, "logprobs", () => _random.Next(0, 5));
        Sometimes(body, "response_format", () => _random.Next(2) == 0
            ? new JsonObject { ["type"] = "json_object" }
            : new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "thing", ["schema"] = JsonNode.Parse(Schema) } });
        return body;
    }

    private void Sometimes(JsonObject body, string name, Func<JsonNode> value)
    {
        if (_random.Next(4) == 0)
        {
            body[name] = value();
        }
    }

    private (int Status, string Code) Spoil(JsonObject body)
    {
        switch (_random.Next(7))
        {
            case 0:
                body["model"] = "another";
                return (404, "model_not_found");
            case 1:
                body["unheard_of"] = 1;
                return (400, "unsupported_parameter");
            case 2:
                body["prompt"] = new JsonArray(model.Tokenizer.VocabularySize);
                return (400, "invalid_parameter");
            case 3:
                body["prompt"] = new JsonArray([.. Enumerable.Repeat(1, model.MaxContext + 1).Select(id => (JsonNode)id)]);
                return (422, "context_length_exceeded");
            case 4:
                body["logit_bias"] = new JsonObject { ["5"] = 1 };
                return (400, "unsupported_parameter");
            case 5:
                body["logprobs"] = 21;
                return (400, "invalid_parameter");
            default:
                body["prompt"] = new JsonArray();
                return (400, "invalid_parameter");
        }
    }

    private static JsonNode Round(double value) => Math.Round(value, 6);
}
