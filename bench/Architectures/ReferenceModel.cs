using System.Globalization;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Architectures;

/// <summary>A case's weights, which follow from a seed, and the files that hold them.</summary>
public sealed class ReferenceModel
{
    private const int Specials = 3;
    private const int Bytes = 256;
    private readonly List<TensorData> _tensors;

    /// <summary>Makes the weights.</summary>
    public ReferenceModel(ReferenceCase reference, int seed)
    {
        ArgumentNullException.ThrowIfNull(reference);
        Case = reference;
        _tensors = [.. ModelTensors.Expected(reference.Config).Select(tensor => RandomTensor.Make(tensor.Name, Type(reference, tensor.Name), tensor.Shape, seed))];
        RandomValues random = new(seed, "prompt");
        Prompt = [.. Enumerable.Range(0, 40).Select(_ => (int)(random.Next() % (ulong)reference.Config.VocabularySize))];
    }

    /// <summary>The case.</summary>
    public ReferenceCase Case { get; }

    /// <summary>Ids that the seed chooses.</summary>
    public IReadOnlyList<int> Prompt { get; }

    /// <summary>Writes a GGUF file.</summary>
    public void WriteGguf(string path) => ReferenceGguf.Write(path, Case.Config, _tensors, Vocabulary(Case.Config.VocabularySize));

    /// <summary>Writes a Hugging Face folder of two files of weights with an index; what safetensors cannot hold becomes F32.</summary>
    public void WriteFolder(string folder) => ReferenceFolder.Write(folder, Case.Config, _tensors, Vocabulary(Case.Config.VocabularySize));

    // The router and the shared expert's gate stay in binary32, as converters leave them.
    private static TensorType Type(ReferenceCase reference, string name) =>
        name == ModelTensors.Embedding ? reference.Embedding
        : name.EndsWith(".mlp.gate.weight", StringComparison.Ordinal) || name.EndsWith("_gate.weight", StringComparison.Ordinal) ? TensorType.F32
        : reference.Matrices;

    private static SentencePieceVocabulary Vocabulary(int size)
    {
        string[] pieces = new string[size];
        PieceType[] types = new PieceType[size];
        for (int id = 0; id < size; id++)
        {
            (pieces[id], types[id]) = id switch
            {
                0 => ("<unk>", PieceType.Unknown),
                1 => ("<s>", PieceType.Control),
                2 => ("</s>", PieceType.Control),
                < Specials + Bytes => ($"<0x{(id - Specials).ToString("X2", CultureInfo.InvariantCulture)}>", PieceType.Byte),
                _ => ($"\u2581w{id.ToString(CultureInfo.InvariantCulture)}", PieceType.Normal),
            };
        }

        return new SentencePieceVocabulary(pieces, [.. Enumerable.Range(0, size).Select(static id => (float)-id)], types, 0, 1, 2, true);
    }
}
