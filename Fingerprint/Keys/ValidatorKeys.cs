using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// The records of a whole model in a key file: "constants" and, for each layer, "layers.N" (its norms), both as JSON; and each
/// matrix's key under its name, with the output's under "output". Of a model with experts these are "layers.N.router",
/// "layers.N.experts.E.gate" and so on for the experts that "layers.N" names, and "layers.N.shared.gate" and "layers.N.shared-gate".
/// </summary>
public static class ValidatorKeys
{
    private const string ConstantsName = "constants";
    private const string OutputName = "output";
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict);
    private static readonly string[] s_parts = ["query", "key", "value", "attention-output", "gate", "up", "down"];

    /// <summary>The name of a layer's matrix in a key file.</summary>
    public static string NameOf(int layer, LayerMatrix matrix) => $"{NameOf(layer)}.{s_parts[(int)matrix]}";

    /// <summary>The name of the output matrix in a key file.</summary>
    public static string Output => OutputName;

    /// <summary>Writes a model's constants.</summary>
    public static void Write(KeyFileWriter writer, ModelConstants constants)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(ConstantsName, JsonSerializer.SerializeToUtf8Bytes(constants, s_options));
    }

    /// <summary>Writes a layer's norms and matrices; the matrices must be named as <see cref="NameOf(int, LayerMatrix)"/> says.</summary>
    public static void Write(KeyFileWriter writer, LayerKey key)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(key);
        int[]? keyed = key.Experts is null ? null : [.. key.Experts.Experts.Keys.Order()];
        writer.Write(NameOf(key.Layer), JsonSerializer.SerializeToUtf8Bytes(new Norms(key.InputNorm, key.FeedForwardNorm, key.QueryNorm, key.KeyNorm, keyed), s_options));
        for (int i = 0; i < (keyed is null ? LayerKey.Matrices : LayerKey.AttentionMatrices); i++)
        {
            Write(writer, key[(LayerMatrix)i], NameOf(key.Layer, (LayerMatrix)i));
        }

        if (key.Experts is { } experts)
        {
            Write(writer, experts.Router, RouterOf(key.Layer));
            foreach (int expert in keyed!)
            {
                Write(writer, experts.Experts[expert], ExpertOf(key.Layer, expert));
            }

            if (experts.Shared is { } shared)
            {
                Write(writer, shared, SharedOf(key.Layer));
                Write(writer, experts.SharedGate!, SharedGateOf(key.Layer));
            }
        }
    }

    /// <summary>The name of a layer's router in a key file.</summary>
    public static string RouterOf(int layer) => $"{NameOf(layer)}.router";

    /// <summary>What the names of an expert's matrices begin with in a key file.</summary>
    public static string ExpertOf(int layer, int expert) => $"{NameOf(layer)}.experts.{expert.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The same of the expert that every token passes.</summary>
    public static string SharedOf(int layer) => $"{NameOf(layer)}.shared";

    /// <summary>The name of that expert's gate.</summary>
    public static string SharedGateOf(int layer) => $"{NameOf(layer)}.shared-gate";

    /// <summary>The name of an expert's matrix in a key file.</summary>
    /// <param name="prefix">From <see cref="ExpertOf"/> or <see cref="SharedOf"/>.</param>
    /// <param name="matrix">One of the last three.</param>
    public static string NameOf(string prefix, LayerMatrix matrix) => $"{prefix}.{s_parts[(int)matrix]}";

    /// <summary>Reads a model's constants.</summary>
    public static bool TryRead(KeyFileReader reader, [NotNullWhen(true)] out ModelConstants? constants)
    {
        ArgumentNullException.ThrowIfNull(reader);
        constants = TryRead(reader, ConstantsName, out ModelConstants? read) && read.IsValid ? read : null;
        return constants is not null;
    }

    /// <summary>Reads one layer's key.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="constants">The file's constants.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="key">The key, which the caller disposes.</param>
    public static bool TryRead(KeyFileReader reader, ModelConstants constants, int layer, [NotNullWhen(true)] out LayerKey? key)
    {
        ArgumentNullException.ThrowIfNull(reader);
        key = null;
        List<MatrixKey> matrices = [];
        int wanted = constants.Experts is null ? LayerKey.Matrices : LayerKey.AttentionMatrices;
        for (int i = 0; i < wanted && reader.TryReadMatrix(NameOf(layer, (LayerMatrix)i), out MatrixKey? matrix); i++)
        {
            matrices.Add(matrix);
        }

        ExpertKeys? experts = null;
        if (matrices.Count == wanted && TryRead(reader, NameOf(layer), out Norms? norms) && (constants.Experts is null) == (norms.Experts is null)
            && (norms.Experts is null || TryReadExperts(reader, constants.Experts!, layer, norms.Experts, out experts))
            && LayerKey.Fits(constants, layer, [.. matrices], norms.Input, norms.FeedForward, norms.Query, norms.Key, experts))
        {
            key = new LayerKey(constants, layer, [.. matrices], norms.Input, norms.FeedForward, norms.Query, norms.Key, experts);
            return true;
        }

        matrices.ForEach(static matrix => matrix.Dispose());
        experts?.Dispose();
        return false;
    }

    /// <summary>All that a layer's record names must be there.</summary>
    private static bool TryReadExperts(KeyFileReader reader, ExpertShape shape, int layer, int[] keyed, [NotNullWhen(true)] out ExpertKeys? experts)
    {
        List<MatrixKey> read = [];
        MatrixKey? Next(string name)
        {
            if (reader.TryReadMatrix(name, out MatrixKey? matrix))
            {
                read.Add(matrix);
            }

            return matrix;
        }

        FeedForwardKey? Expert(string prefix) =>
            Next(NameOf(prefix, LayerMatrix.Gate)) is { } gate && Next(NameOf(prefix, LayerMatrix.Up)) is { } up && Next(NameOf(prefix, LayerMatrix.Down)) is { } down
                ? new FeedForwardKey(gate, up, down)
                : null;
        Dictionary<int, FeedForwardKey> own = [];
        foreach (int expert in keyed)
        {
            if (own.ContainsKey(expert) || Expert(ExpertOf(layer, expert)) is not { } key)
            {
                break;
            }

            own[expert] = key;
        }

        bool isShared = shape.SharedIntermediateSize > 0;
        (FeedForwardKey? shared, MatrixKey? gate) = isShared ? (Expert(SharedOf(layer)), Next(SharedGateOf(layer))) : (null, null);
        bool complete = own.Count == keyed.Length && isShared == (shared is not null) && isShared == (gate is not null);
        experts = complete && Next(RouterOf(layer)) is { } router ? new ExpertKeys(router, own, shared, gate) : null;
        if (experts is null)
        {
            read.ForEach(static matrix => matrix.Dispose());
        }

        return experts is not null;
    }

    private static void Write(KeyFileWriter writer, FeedForwardKey key, string prefix)
    {
        for (int i = 0; i < key.All.Length; i++)
        {
            Write(writer, key.All[i], NameOf(prefix, LayerMatrix.Gate + i));
        }
    }

    private static void Write(KeyFileWriter writer, MatrixKey matrix, string name)
    {
        if (matrix.Name != name)
        {
            throw new ArgumentException($"the key of {matrix.Name} is not that of {name}", nameof(matrix));
        }

        writer.Write(matrix);
    }

    private static string NameOf(int layer) => $"layers.{layer.ToString(CultureInfo.InvariantCulture)}";

    private static bool TryRead<T>(KeyFileReader reader, string name, [NotNullWhen(true)] out T? value)
        where T : class
    {
        value = null;
        if (!reader.TryRead(name, out byte[]? record))
        {
            return false;
        }

        try
        {
            value = JsonSerializer.Deserialize<T>(record, s_options);
            return value is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A layer's record; the keyed experts are those named, null where the model has none.</summary>
    private sealed record Norms(float[] Input, float[] FeedForward, float[]? Query, float[]? Key, int[]? Experts);
}
