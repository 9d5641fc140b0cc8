using System.Text.Json;

namespace Verathos.Bench.Detection;

/// <summary>Reports of several models, as the verb prints them.</summary>
/// <param name="Reports">One for each model.</param>
public sealed record DetectionResult(IReadOnlyList<DetectionReport> Reports)
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Whether everything that must hold holds.</summary>
    public bool Holds => Reports.All(static report => report.Holds);

    /// <summary>Reads what was printed.</summary>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="JsonException">It is something else.</exception>
    public static DetectionResult Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<DetectionResult>(json, s_options) is { Reports: not null } result ? result : throw new JsonException("no reports");
}
