using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Makes a validator's keys from a model's weights, row by row. Models with experts are refused.</summary>
internal sealed class ValidatorKeyMaker : IOpenedRows
{
    private static readonly string[] s_parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
    private readonly ModelConfig _config;
    private readonly RowReader _reader;
    private readonly int _secretRows;

    /// <summary>Reads what is no matrix, and hashes the embedding's and the output's rows.</summary>
    /// <param name="source">The model, which stays the caller's.</param>
    /// <exception cref="NotSupportedException">The model has experts.</exception>
    public ValidatorKeyMaker(ModelSource source)
    {
        _config = source.Config;
        if (_config.Experts is not null)
        {
            throw new NotSupportedException("openings of models with experts cannot be judged");
        }

        _reader = new RowReader(source);
        _secretRows = MatrixKey.SecretRowsFor(_config.HiddenSize);
        EmbeddingRows = Tree(ModelTensors.Embedding);
        OutputRows = _config.TiedEmbeddings ? EmbeddingRows : Tree(ModelTensors.Output);
        Constants = new ModelConstants
        {
            Shape = ShapeOf(_config),
            Heads = _config.Heads,
            IntermediateSize = _config.IntermediateSize,
            Epsilon = (float)_config.RmsNormEpsilon,
            Frequencies = RotaryFrequencies.Make(_config.HeadSize / 2, _config.RopeTheta, _config.Rope),
            Amplitude = RotaryFrequencies.Amplitude(_config.Rope),
            SlidingWindow = _config.SlidingWindow,
            FirstSlidingLayer = _config.FirstSlidingLayer,
            FinalNorm = _reader.Vector(ModelTensors.FinalNorm),
            EmbeddingRoot = EmbeddingRows.Root,
            OutputRoot = OutputRows.Root,
        };
    }

    /// <summary>What is no secret.</summary>
    public ModelConstants Constants { get; }

    /// <inheritdoc/>
    public TraceShape Shape => Constants.Shape;

    /// <inheritdoc/>
    public int Heads => Constants.Heads;

    /// <inheritdoc/>
    public int IntermediateSize => Constants.IntermediateSize;

    /// <summary>The tree over the embedding's rows.</summary>
    public MerkleLevels EmbeddingRows { get; }

    /// <summary>The tree over the output's rows.</summary>
    public MerkleLevels OutputRows { get; }

    /// <summary>Gives each matrix's seed by its name where a measurement must repeat; null draws fresh ones, as every real key has.</summary>
    internal Func<string, byte[]>? Seeds { get; set; }

    /// <summary>The sizes of a model's leaves.</summary>
    public static TraceShape ShapeOf(ModelConfig config) => new(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize);

    /// <summary>A fresh key of one layer.</summary>
    public LayerKey Layer(int layer)
    {
        string Name(string part) => ModelTensors.Layer(layer, part);
        return new LayerKey(
            Constants, layer, [.. s_parts.Select((_, matrix) => Matrix(layer, (LayerMatrix)matrix))], _reader.Vector(Name("input_layernorm")), _reader.Vector(Name("post_attention_layernorm")),
            _config.QueryKeyNorm ? _reader.Vector(Name("self_attn.q_norm")) : null, _config.QueryKeyNorm ? _reader.Vector(Name("self_attn.k_norm")) : null);
    }

    /// <summary>A fresh key of the output matrix.</summary>
    public MatrixKey Output()
    {
        using MatrixKeyBuilder builder = new(ValidatorKeys.Output, _config.VocabularySize, _config.HiddenSize, _secretRows, hasBias: false, Seed(ValidatorKeys.Output));
        _reader.Read(_config.TiedEmbeddings ? ModelTensors.Embedding : ModelTensors.Output, (_, row) => builder.AddRow(row.Span));
        return builder.Build();
    }

    /// <summary>One row of the embedding or the output with its proof.</summary>
    public OpenedRow Open(bool output, int index)
    {
        string name = output && !_config.TiedEmbeddings ? ModelTensors.Output : ModelTensors.Embedding;
        return new OpenedRow(index, _reader.Row(name, index), (output ? OutputRows : EmbeddingRows).InclusionProof(index));
    }

    /// <summary>Writes a key file for one epoch.</summary>
    /// <param name="stream">Stays open.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="manifestRoot">32 bytes, of the manifest over this source.</param>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    public void Write(Stream stream, long epoch, ReadOnlyMemory<byte> manifestRoot, ReadOnlySpan<byte> ownerSecret)
    {
        using KeyFileWriter writer = new(stream, epoch, manifestRoot, NumericProfile.Bf16Lane16.Identifier, ownerSecret);
        ValidatorKeys.Write(writer, Constants);
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            using LayerKey key = Layer(layer);
            ValidatorKeys.Write(writer, key);
        }

        using MatrixKey output = Output();
        writer.Write(output);
    }

    private byte[] Seed(string name) => Seeds?.Invoke(name) ?? System.Security.Cryptography.RandomNumberGenerator.GetBytes(MatrixKey.SeedSize);

    private MatrixKey Matrix(int layer, LayerMatrix matrix)
    {
        string part = s_parts[(int)matrix];
        bool hasBias = _config.AttentionBias && matrix <= LayerMatrix.Value;
        float[] bias = hasBias ? Array.ConvertAll(_reader.Vector(ModelTensors.Bias(layer, part)), BFloat16.Round) : [];
        (int rows, int columns) = _reader.Size(ModelTensors.Layer(layer, part));
        using MatrixKeyBuilder builder = new(ValidatorKeys.NameOf(layer, matrix), rows, columns, _secretRows, hasBias, Seed(ValidatorKeys.NameOf(layer, matrix)));
        _reader.Read(layer, part, (index, row) => builder.AddRow(row.Span, hasBias ? bias[index] : 0));
        return builder.Build();
    }

    private MerkleLevels Tree(string name)
    {
        byte[][] hashes = new byte[_config.VocabularySize][];
        _reader.Read(name, (index, row) => hashes[index] = OpenedRow.HashRow(index, row.Span));
        return new MerkleLevels(hashes);
    }
}
