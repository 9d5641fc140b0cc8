namespace Verathos.GpuRuntime.Models;

/// <summary>
/// The rotary settings of config.json: rope_theta and rope_scaling, or rope_parameters with both as transformers 5 writes it.
/// </summary>
internal static class HuggingFaceRope
{
    private static readonly HashSet<string> s_none = [];

    public static (double Theta, RopeScaling Scaling) Read(ConfigReader config, int positions)
    {
        double? alone = config.Real("rope_theta");
        ConfigReader? scaling = config.Object("rope_scaling");
        ConfigReader? parameters = config.Object("rope_parameters");
        ConfigReader.Refuse(scaling is not null && parameters is not null, "both rope_scaling and rope_parameters");
        double? within = parameters?.Real("rope_theta");
        ConfigReader.Refuse(alone is not null && within is not null && alone != within, "a rope_theta that rope_parameters gives differently");
        string member = scaling is not null ? "rope_scaling" : "rope_parameters";
        return (within ?? alone ?? 10000, (scaling ?? parameters) is { } given ? Scaling(given, member, positions) : RopeScaling.None);
    }

    private static RopeScaling Scaling(ConfigReader given, string member, int positions)
    {
        string? type = given.Text("rope_type");
        string? oldType = given.Text("type");
        ConfigReader.Refuse(type is not null && oldType is not null && type != oldType, $"{member} with a type and another rope_type");
        type ??= oldType ?? (member == "rope_parameters" ? "default" : null);
        ConfigReader.Refuse(given.Real("partial_rotary_factor") is not (null or 1), $"{member} with partial_rotary_factor");
        RopeScaling scaling = type switch
        {
            "default" => RopeScaling.None,
            "linear" => new RopeScaling { Kind = RopeScalingKind.Linear, Factor = Needed("factor") },
            "llama3" => new RopeScaling
            {
                Kind = RopeScalingKind.Llama3,
                Factor = Needed("factor"),
                OriginalPositions = given.Number("original_max_position_embeddings"),
                LowFrequencyFactor = Needed("low_freq_factor"),
                HighFrequencyFactor = Needed("high_freq_factor"),
            },
            "yarn" => new RopeScaling
            {
                Kind = RopeScalingKind.Yarn,
                Factor = Needed("factor"),
                OriginalPositions = given.OptionalNumber("original_max_position_embeddings") ?? positions,
                BetaFast = given.Real("beta_fast") ?? 32,
                BetaSlow = given.Real("beta_slow") ?? 1,
                AttentionFactor = given.Real("attention_factor"),
            },
            _ => throw new Formats.ModelFormatException($"config.json has {member} of the type {type}; default, linear, llama3 and yarn are supported"),
        };
        string? unknown = given.Unread(s_none);
        ConfigReader.Refuse(unknown is not null, $"{member} with {unknown}");
        return scaling;

        double Needed(string name) => given.Real(name) ?? throw new KeyNotFoundException($"{member} lacks {name}");
    }
}
