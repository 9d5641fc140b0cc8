using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection;

/// <summary>Models that name the weights of one and compute with others, as a node would whose attestation key was stolen.</summary>
public static class CheatModels
{
    private static readonly string[] s_outputs = ["self_attn.o_proj", "mlp.down_proj"];

    // What a layer adds times this is lost in the rounding of the stream, and is still a number with a unit in the last place.
    private const float Nothing = 1f / 1024;

    /// <summary>The named weights.</summary>
    public const string None = "none";

    /// <summary>8-bit integers with one scale a row in all layers.</summary>
    public const string Int8 = "int8";

    /// <summary>4-bit integers with one scale for 32 in all layers.</summary>
    public const string Int4 = "int4";

    /// <summary>4-bit integers in the last layer only.</summary>
    public const string LastLayerInt4 = "last-layer-int4";

    /// <summary>One layer adds nothing that rounding leaves to the stream.</summary>
    public const string SkippedLayer = "skipped-layer";

    /// <summary>Every other layer adds nothing that rounding leaves to the stream.</summary>
    public const string HalfTheLayers = "half-the-layers";

    /// <summary>Loads a model, changes its weights as named, and lets it name the unchanged ones.</summary>
    /// <param name="path">A Hugging Face folder or a .gguf file.</param>
    /// <param name="cheat">One of the names above.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static LoadedModel Load(string path, string cheat, CancellationToken cancellationToken)
    {
        LoadOptions options = new() { Threads = 1 };
        LoadedModel named = ModelLoader.Load(path, options, null, cancellationToken);
        if (cheat == None)
        {
            return named;
        }

        using (named)
        {
            ModelSource source = ReplayModel.OpenSource(path, cancellationToken);
            Change(source, cheat);
            LoadedModel changed = ModelLoader.Finish(source, named.Manifest.Name, options, null, cancellationToken);
            return new LoadedModel(changed.Config, changed.Tokenizer, named.Manifest, changed.Backend, changed.MaxContext, changed.StopIds, null);
        }
    }

    private static void Change(ModelSource source, string cheat)
    {
        int layers = source.Config.Layers;
        switch (cheat)
        {
            case Int8:
                Round(source, 127, 0, null);
                break;
            case Int4:
                Round(source, 7, 32, null);
                break;
            case LastLayerInt4:
                Round(source, 7, 32, layer => layer == layers - 1);
                break;
            case SkippedLayer:
                Skip(source, layer => layer == layers / 2);
                break;
            case HalfTheLayers:
                Skip(source, layer => layer % 2 == 1);
                break;
            default:
                throw new ArgumentException($"there is no cheat {cheat}", nameof(cheat));
        }
    }

    private static void Round(ModelSource source, int levels, int group, Func<int, bool>? layers)
    {
        foreach (StoredTensor tensor in WeightRounding.Matrices(source, layers))
        {
            WeightRounding.Round(tensor, levels, group);
        }
    }

    private static void Skip(ModelSource source, Func<int, bool> layers)
    {
        for (int layer = 0; layer < source.Config.Layers; layer++)
        {
            foreach (string part in layers(layer) ? s_outputs : [])
            {
                StoredTensor tensor = source.Tensors[ModelTensors.Layer(layer, part)];
                WeightRounding.Write(tensor, Array.ConvertAll(WeightRounding.Read(tensor), static value => value * Nothing));
            }
        }
    }
}
