using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using Verathos.GpuRuntime.Formats;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training;

/// <summary>
/// All state of a training run in one safetensors file: weights, moments, steps done, data position, random state and
/// the digest of the recipe. The file is written beside the old one and renamed, so a kill leaves one or the other.
/// </summary>
public sealed class Checkpoint
{
    private Checkpoint(string recipe, int step, DataPosition position, IReadOnlyDictionary<string, float[]> tensors)
    {
        Recipe = recipe;
        Step = step;
        Position = position;
        Tensors = tensors;
    }

    /// <summary>Digest of the recipe that the run follows.</summary>
    public string Recipe { get; }

    /// <summary>Steps done.</summary>
    public int Step { get; }

    /// <summary>Where the next batch begins.</summary>
    public DataPosition Position { get; }

    /// <summary>Values by name: <c>weight/…</c>, <c>first/…</c> and <c>second/…</c>.</summary>
    public IReadOnlyDictionary<string, float[]> Tensors { get; }

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, string recipe, int step, DataPosition position, LlamaTrainingModel model, AdamW optimiser)
    {
        var tensors = new List<TensorData>();
        foreach ((string name, Tensor parameter) in model.Parameters)
        {
            tensors.Add(Data("weight/" + name, parameter));
            tensors.Add(Data("first/" + name, optimiser.Moments[name].First));
            tensors.Add(Data("second/" + name, optimiser.Moments[name].Second));
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>
        {
            ["recipe"] = recipe,
            ["step"] = Number(step),
            ["epoch"] = Number(position.Epoch),
            ["document"] = Number(position.Next),
            ["random"] = string.Join(' ', position.Random.Select(w => w.ToString("x16", CultureInfo.InvariantCulture))),
        });
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="TrainingException">The file is not a checkpoint of this program.</exception>
    public static Checkpoint Read(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Read(path);
            string[] words = Metadata(file, "random").Split(' ');
            var position = new DataPosition(
                int.Parse(Metadata(file, "epoch"), CultureInfo.InvariantCulture),
                int.Parse(Metadata(file, "document"), CultureInfo.InvariantCulture),
                [.. words.Select(w => ulong.Parse(w, NumberStyles.HexNumber, CultureInfo.InvariantCulture))]);
            return new Checkpoint(
                Metadata(file, "recipe"),
                int.Parse(Metadata(file, "step"), CultureInfo.InvariantCulture),
                position,
                file.Tensors.ToDictionary(t => t.Name, t => MemoryMarshal.Cast<byte, float>(file.Bytes(t)).ToArray()));
        }
        catch (Exception exception) when (exception is ModelFormatException or FormatException or OverflowException)
        {
            throw new TrainingException($"The checkpoint {path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Sets the optimiser's moments.</summary>
    /// <exception cref="TrainingException">A moment is missing or has another size.</exception>
    public void Restore(AdamW optimiser)
    {
        using IDisposable noGradient = no_grad();
        foreach ((string name, (Tensor first, Tensor second)) in optimiser.Moments)
        {
            Set(first, "first/" + name);
            Set(second, "second/" + name);
        }
    }

    internal static TensorData Data(string name, Tensor tensor)
    {
        using Tensor values = tensor.detach().contiguous();
        return new TensorData(name, TensorType.F32, tensor.shape, MemoryMarshal.AsBytes(values.data<float>().ToArray().AsSpan()).ToArray());
    }

    private void Set(Tensor target, string name)
    {
        if (!Tensors.TryGetValue(name, out float[]? values) || values.LongLength != target.numel())
        {
            throw new TrainingException($"The checkpoint does not hold {name} in the recipe's shape; start again with --fresh.");
        }

        using Tensor source = tensor(values, target.shape);
        target.copy_(source);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Metadata(SafetensorsFile file, string name) =>
        file.Metadata.TryGetValue(name, out string? value) ? value : throw new FormatException($"it has no member \"{name}\"");
}
