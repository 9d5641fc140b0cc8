using System.Text.Json;

namespace Verathos.Validator.Epochs;

/// <summary>What an epoch was planned as; kept with it, so that its canaries can be drawn again after a restart.</summary>
/// <param name="Version">1.</param>
/// <param name="Seconds">How long canaries are sent.</param>
/// <param name="Cohort">Nodes that are asked the same.</param>
/// <param name="Nodes">The nodes that are sent canaries, in the plan's order.</param>
public sealed record EpochPlan(int Version, int Seconds, int Cohort, IReadOnlyList<PlannedNode> Nodes)
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The plan as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_options);

    /// <summary>Reads a plan that the state kept.</summary>
    /// <exception cref="State.StateException">It is none.</exception>
    public static EpochPlan Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<EpochPlan>(json, s_options) is { Version: 1 } plan ? plan : throw new State.StateException("the plan of an epoch is of another version");
        }
        catch (JsonException e)
        {
            throw new State.StateException("the plan of an epoch does not parse", e);
        }
    }
}
