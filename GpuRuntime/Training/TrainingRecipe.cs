using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Verathos.GpuRuntime.Training;

/// <summary>All that fixes a trained model: seed, corpus, vocabulary, shape and optimiser.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Seed">Seed of text, held-out sets, weights and order.</param>
/// <param name="Documents">Documents of the corpus.</param>
/// <param name="VocabularySize">Size of the vocabulary.</param>
/// <param name="Model">Shape of the model.</param>
/// <param name="Optimiser">Settings of the optimiser.</param>
/// <param name="CorpusSha256">SHA-256 of the corpus in lower-case hex; null to accept any.</param>
public sealed record TrainingRecipe(
    string Name, ulong Seed, int Documents, int VocabularySize, ModelShape Model, OptimiserSettings Optimiser,
    string? CorpusSha256)
{
    private const int MostStepsPerRound = 8192;

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads a recipe and checks every value.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="TrainingException">It is not JSON, a member is missing or unknown, or values do not fit together.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainingRecipe Read(string path)
    {
        TrainingRecipe? recipe;
        try
        {
            recipe = JsonSerializer.Deserialize<TrainingRecipe>(File.ReadAllBytes(path), s_options);
        }
        catch (JsonException exception)
        {
            throw new TrainingException($"The recipe {path} is not valid: {exception.Message}", exception);
        }

        string[] errors = [.. recipe is null ? ["it is empty"] : recipe.Problems()];
        return errors.Length == 0 ? recipe! : throw new TrainingException($"The recipe {path} is not valid: {string.Join("; ", errors)}.");
    }

    /// <summary>The recipe as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_options) + "\n";

    /// <summary>SHA-256 over the recipe's JSON; documents are drawn by it, so that a run is resumed with the same recipe only.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this, s_options)));

    /// <summary>What is wrong with the values, one line each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        (string Name, double Value)[] positive =
        [
            ("documents", Documents), ("vocabulary_size", VocabularySize), ("hidden_size", Model.HiddenSize),
            ("intermediate_size", Model.IntermediateSize), ("num_hidden_layers", Model.NumHiddenLayers),
            ("num_attention_heads", Model.NumAttentionHeads), ("num_key_value_heads", Model.NumKeyValueHeads),
            ("max_position_embeddings", Model.MaxPositionEmbeddings), ("rope_theta", Model.RopeTheta),
            ("rms_norm_eps", Model.RmsNormEps), ("steps", Optimiser.Steps), ("rows", Optimiser.Rows),
            ("length", Optimiser.Length), ("learning_rate", Optimiser.LearningRate), ("clip_norm", Optimiser.ClipNorm),
            ("steps_per_round", Optimiser.StepsPerRound), ("documents_per_round", Optimiser.DocumentsPerRound), ("micro_batches", Optimiser.MicroBatches),
        ];
        foreach ((string name, double value) in positive.Where(p => !(p.Value > 0)))
        {
            yield return $"{name} must be above 0, not {value}";
        }

        if (positive.All(p => p.Value > 0))
        {
            if (Model.HiddenSize % (2 * Model.NumAttentionHeads) != 0)
            {
                yield return "hidden_size must be an even multiple of num_attention_heads";
            }

            if (Model.NumAttentionHeads % Model.NumKeyValueHeads != 0)
            {
                yield return "num_attention_heads must be a multiple of num_key_value_heads";
            }
        }

        if (VocabularySize is < 259 or > 65536)
        {
            yield return "vocabulary_size must be from 259 to 65536";
        }

        if (Optimiser.Length > Model.MaxPositionEmbeddings)
        {
            yield return "length must not be above max_position_embeddings";
        }

        if (Optimiser.WarmupSteps < 0 || Optimiser.WarmupSteps > Optimiser.Steps)
        {
            yield return "warmup_steps must be from 0 to steps";
        }

        if (Optimiser.StepsPerRound > MostStepsPerRound)
        {
            yield return $"steps_per_round must not be above {MostStepsPerRound}, the most that a record takes";
        }

        if (Optimiser.DocumentsPerRound > Documents)
        {
            yield return "documents_per_round must not be above documents";
        }

        if (Optimiser.MicroBatches > Optimiser.Rows)
        {
            yield return "micro_batches must not be above rows";
        }

        if (!(Optimiser.Beta1 is >= 0 and < 1 && Optimiser.Beta2 is >= 0 and < 1))
        {
            yield return "beta1 and beta2 must be from 0 to below 1";
        }

        if (!(Optimiser.WeightDecay >= 0 && Optimiser.FinalLearningRate >= 0))
        {
            yield return "weight_decay and final_learning_rate must not be below 0";
        }
    }
}
