using System.Text.Json;
using Verathos.Client.Requests;

namespace Verathos.Bench.Node;

/// <summary>The request that every measurement sends.</summary>
internal static class BenchRequest
{
    /// <summary>Greedy continuation of a text.</summary>
    public static InferenceRequest Completion(string prompt, int tokens) =>
        InferenceRequest.TryParse(InferenceKind.Completion, JsonSerializer.SerializeToUtf8Bytes(new { prompt, temperature = 0, max_tokens = tokens }), out InferenceRequest? request, out string? error)
            ? request!
            : throw new InvalidOperationException(error);
}
