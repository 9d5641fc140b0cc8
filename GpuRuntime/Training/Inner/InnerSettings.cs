using System.Text.Json;
using System.Text.Json.Serialization;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>Everything that fixes the arithmetic of an optimiser step, but for data, rate and numeric profile. The number of threads is not among it.</summary>
public sealed record InnerSettings
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The rule.</summary>
    public OptimiserKind Optimiser { get; init; } = OptimiserKind.AdamW;

    /// <summary>What the passes compute in.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.F32;

    /// <summary>Groups of rows into which a batch is cut, in order; each is one pass, and their gradients are summed in this order.</summary>
    public int MicroBatches { get; init; } = 4;

    /// <summary>Largest norm of the whole gradient; a longer one is shortened to it.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Decoupled decay: matrices are multiplied by 1 - rate * decay before the step; vectors are not.</summary>
    public double WeightDecay { get; init; }

    /// <summary>AdamW: decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW: decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>AdamW: added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>SGD and Muon: decay of the momentum.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>SGD and Muon: whether the step looks ahead by the momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Muon: iterations of Newton-Schulz.</summary>
    public int NewtonSchulz { get; init; } = 5;

    /// <summary>Adapters to train instead of the model, or null.</summary>
    public LoraSettings? Lora { get; init; }

    /// <summary>Reads what <see cref="ToJson"/> writes.</summary>
    /// <exception cref="TrainingException">It is not JSON, has an unknown member, or a value is out of range.</exception>
    public static InnerSettings FromJson(string json)
    {
        InnerSettings? settings;
        try
        {
            settings = JsonSerializer.Deserialize<InnerSettings>(json, s_options);
        }
        catch (JsonException exception)
        {
            throw new TrainingException($"The settings of the training step are not valid: {exception.Message}", exception);
        }

        settings = settings ?? throw new TrainingException("The settings of the training step are empty.");
        settings.Validate();
        return settings;
    }

    /// <summary>The settings as JSON on one line, members in one order: equal settings give equal bytes.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_options);

    /// <summary>What is wrong with the values, one line each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        (string Name, bool Valid)[] checks =
        [
            ("optimiser must be adamw, sgd or muon", Enum.IsDefined(Optimiser)),
            ("precision must be f32 or bf16", Enum.IsDefined(Precision)),
            ("micro_batches must be from 1 to 1024", MicroBatches is >= 1 and <= 1024),
            ("clip_norm must be above 0", ClipNorm > 0 && double.IsFinite(ClipNorm)),
            ("weight_decay must be from 0 to 10", WeightDecay is >= 0 and <= 10),
            ("beta1 and beta2 must be from 0 to below 1", Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1),
            ("epsilon must be above 0 and at most 1", Epsilon is > 0 and <= 1),
            ("momentum must be from 0 to below 1", Momentum is >= 0 and < 1),
            ("newton_schulz must be from 1 to 20", NewtonSchulz is >= 1 and <= 20),
            ("the rank of adapters must be from 1 to 1024", Lora is null or { Rank: >= 1 and <= 1024 }),
            ("the alpha of adapters must be above 0", Lora is null || (Lora.Alpha > 0 && double.IsFinite(Lora.Alpha))),
            ("the targets of adapters must be different names of " + string.Join(", ", LoraSettings.Modules),
                Lora is null || (Lora.Targets.Count > 0 && Lora.Targets.All(LoraSettings.Modules.Contains) && Lora.Targets.Distinct().Count() == Lora.Targets.Count)),
        ];
        return checks.Where(static check => !check.Valid).Select(static check => check.Name);
    }

    /// <summary>Refuses values that no step can follow.</summary>
    /// <exception cref="TrainingException">Names every one.</exception>
    public void Validate()
    {
        string[] problems = [.. Problems()];
        if (problems.Length > 0)
        {
            throw new TrainingException($"The settings of the training step are not valid: {string.Join("; ", problems)}.");
        }
    }
}
