using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// The records of a whole model in a key file: "constants" and, for each layer, "layers.N" (its norms), both as JSON; and each
/// matrix's key under its name, with the output's under "output".
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
        writer.Write(NameOf(key.Layer), JsonSerializer.SerializeToUtf8Bytes(new Norms(key.InputNorm, key.FeedForwardNorm, key.QueryNorm, key.KeyNorm), s_options));
        for (int i = 0; i < LayerKey.Matrices; i++)
        {
            MatrixKey matrix = key[(LayerMatrix)i];
            if (matrix.Name != NameOf(key.Layer, (LayerMatrix)i))
            {
                throw new ArgumentException($"the key of {matrix.Name} is not that of {NameOf(key.Layer, (LayerMatrix)i)}", nameof(key));
            }

            writer.Write(matrix);
        }
    }

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
        for (int i = 0; i < LayerKey.Matrices && reader.TryReadMatrix(NameOf(layer, (LayerMatrix)i), out MatrixKey? matrix); i++)
        {
            matrices.Add(matrix);
        }

        if (matrices.Count == LayerKey.Matrices && TryRead(reader, NameOf(layer), out Norms? norms) && LayerKey.Fits(constants, layer, [.. matrices], norms.Input, norms.FeedForward, norms.Query, norms.Key))
        {
            key = new LayerKey(constants, layer, [.. matrices], norms.Input, norms.FeedForward, norms.Query, norms.Key);
            return true;
        }

        matrices.ForEach(static matrix => matrix.Dispose());
        return false;
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

    private sealed record Norms(float[] Input, float[] FeedForward, float[]? Query, float[]? Key);
}
