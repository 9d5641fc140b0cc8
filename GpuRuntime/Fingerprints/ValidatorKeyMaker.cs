using System.Globalization;
using System.Security.Cryptography;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Makes a validator's keys from a model's weights, row by row.</summary>
internal sealed class ValidatorKeyMaker : IOpenedRows
{
    private static readonly string[] s_parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
    private readonly ModelConfig _config;
    private readonly RowReader _reader;
    private readonly int _secretRows;
    private readonly int _mostExperts;

    /// <summary>Reads what is no matrix, and hashes the embedding's and the output's rows.</summary>
    /// <param name="source">The model, which stays the caller's.</param>
    /// <param name="mostExperts">Of how many experts of each layer keys are made: where they are fewer than all, each layer's are drawn at random and only they are judged.</param>
    public ValidatorKeyMaker(ModelSource source, int mostExperts = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostExperts, 1);
        (_config, _mostExperts) = (source.Config, mostExperts);
        _reader = new RowReader(source);
        _secretRows = MatrixKey.SecretRowsFor(_config.HiddenSize);
        EmbeddingRows = Tree(ModelTensors.Embedding);
        OutputRows = _config.TiedEmbeddings ? EmbeddingRows : Tree(ModelTensors.Output);
        Constants = new ModelConstants
        {
            Shape = ShapeOf(_config),
            Heads = _config.Heads,
            IntermediateSize = _config.IntermediateSize,
            Experts = _config.Experts is { } experts
                ? new ExpertShape(experts.Count, experts.PerToken, experts.IntermediateSize, experts.NormalisesShares, experts.SharedIntermediateSize)
                : null,
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
            Constants, layer, [.. s_parts.Take(_config.Experts is null ? LayerKey.Matrices : LayerKey.AttentionMatrices).Select((_, matrix) => Matrix(layer, (LayerMatrix)matrix))], _reader.Vector(Name("input_layernorm")), _reader.Vector(Name("post_attention_layernorm")),
            _config.QueryKeyNorm ? _reader.Vector(Name("self_attn.q_norm")) : null, _config.QueryKeyNorm ? _reader.Vector(Name("self_attn.k_norm")) : null,
            _config.Experts is { } experts ? Experts(layer, experts) : null);
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

    private byte[] Seed(string name) => Seeds?.Invoke(name) ?? RandomNumberGenerator.GetBytes(MatrixKey.SeedSize);

    private ExpertKeys Experts(int layer, ExpertConfig experts)
    {
        // Which experts are keyed is as secret as the rows.
        byte[] order = Seed(ValidatorKeys.RouterOf(layer) + ".experts");
        IEnumerable<int> keyed = Enumerable.Range(0, experts.Count).OrderBy(expert => Convert.ToHexString(HMACSHA256.HashData(order, BitConverter.GetBytes(expert))), StringComparer.Ordinal);
        bool shared = experts.SharedIntermediateSize > 0;
        return new ExpertKeys(
            Plain(layer, "mlp.gate", ValidatorKeys.RouterOf(layer), experts.Count),
            keyed.Take(_mostExperts).ToDictionary(static expert => expert, expert => FeedForward(layer, string.Create(CultureInfo.InvariantCulture, $"mlp.experts.{expert}."), ValidatorKeys.ExpertOf(layer, expert))),
            shared ? FeedForward(layer, "mlp.shared_expert.", ValidatorKeys.SharedOf(layer)) : null,
            shared ? Plain(layer, "mlp.shared_expert_gate", ValidatorKeys.SharedGateOf(layer), 1) : null);
    }

    private FeedForwardKey FeedForward(int layer, string part, string name) => new(
        Plain(layer, part + "gate_proj", ValidatorKeys.NameOf(name, LayerMatrix.Gate), _secretRows),
        Plain(layer, part + "up_proj", ValidatorKeys.NameOf(name, LayerMatrix.Up), _secretRows),
        Plain(layer, part + "down_proj", ValidatorKeys.NameOf(name, LayerMatrix.Down), _secretRows));

    private MatrixKey Plain(int layer, string part, string name, int secretRows)
    {
        (int rows, int columns) = _reader.Size(ModelTensors.Layer(layer, part));
        using MatrixKeyBuilder builder = new(name, rows, columns, secretRows, hasBias: false, Seed(name));
        _reader.Read(layer, part, (_, row) => builder.AddRow(row.Span));
        return builder.Build();
    }

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
