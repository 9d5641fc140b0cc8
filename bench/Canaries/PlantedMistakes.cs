using System.Text.Json.Nodes;

namespace Verathos.Bench.Canaries;

/// <summary>Canaries with one mistake each, as validators make them. A classifier that does not find these shows nothing by not finding canaries.</summary>
internal static class PlantedMistakes
{
    private static readonly string[] s_wordings = ["What is the capital of France?", "Write a short poem about the sea.", "Explain photosynthesis briefly.", "What is 12 times 7?", "Tell me a story about a dog."];

    public static IReadOnlyList<(string Name, Func<ObservedRequest, int, ObservedRequest> Make)> All { get; } =
    [
        ("a few fixed prompts", static (request, i) => Change(request, body => Last(body, s_wordings[i % s_wordings.Length]))),
        ("a mark in every prompt", static (request, i) => Change(request, body => Last(body, $"[{i:x4}] " + Last(body)))),
        ("always greedy", static (request, _) => Change(request, static body => body["temperature"] = 0)),
        ("always the same length", static (request, _) => Change(request, static body => body["max_tokens"] = 32)),
        ("never a system message", static (request, _) => Change(request, static body =>
        {
            if (body["messages"] is JsonArray { Count: > 1 } list && (string)list[0]!["role"]! == "system")
            {
                list.RemoveAt(0);
            }
        })),
        ("a seed of the validator's own", static (request, i) => Change(request, body => body["seed"] = 1_000_000 + i)),
        ("members in another order", static (request, _) => Change(request, static body =>
        {
            if (body["model"] is { } model)
            {
                string name = (string)model!;
                body.Remove("model");
                body["model"] = name;
            }
        })),
        ("a history that no model wrote", static (request, _) => Change(request, static body =>
        {
            foreach (JsonNode? message in body["messages"] as JsonArray ?? [])
            {
                if ((string)message!["role"]! == "assistant")
                {
                    message["content"] = "Sure, here is what you asked for.";
                }
            }
        })),
        ("sent on the minute", static (request, _) => request with { At = TimeSpan.FromMinutes(Math.Round(request.At.TotalMinutes)) }),
        ("sent at night", static (request, _) => request with { At = TimeSpan.FromHours(1 + (request.At.TotalHours / 5)) }),
    ];

    private static ObservedRequest Change(ObservedRequest request, Action<JsonObject> change)
    {
        JsonObject body = (JsonObject)request.Body.DeepClone();
        change(body);
        return request with { Body = body };
    }

    private static string Last(JsonObject body) => (string)(body["messages"] is JsonArray list ? list[^1]!["content"]! : body["prompt"]!)!;

    private static void Last(JsonObject body, string text)
    {
        if (body["messages"] is JsonArray list)
        {
            list[^1]!["content"] = text;
        }
        else
        {
            body["prompt"] = text;
        }
    }
}
