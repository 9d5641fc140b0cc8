using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Rows of a loaded model, read from the weights as they are multiplied: a node needs no file again to open an answer.</summary>
internal sealed class OpeningRows : IOpenedRows
{
    private readonly PackedMatrix _embedding;
    private readonly PackedMatrix _output;
    private readonly MerkleLevels _embeddingRows;
    private readonly MerkleLevels _outputRows;

    /// <summary>Hashes all rows, which takes a while.</summary>
    /// <param name="backend">Outlives this.</param>
    /// <param name="config">The model's.</param>
    public OpeningRows(Lane16Backend backend, ModelConfig config)
    {
        Shape = ValidatorKeyMaker.ShapeOf(config);
        (Heads, IntermediateSize) = (config.Heads, config.IntermediateSize);
        (_embedding, _output) = (backend.Embedding, backend.OutputMatrix);
        _embeddingRows = Tree(_embedding);
        _outputRows = ReferenceEquals(_embedding, _output) ? _embeddingRows : Tree(_output);
    }

    /// <inheritdoc/>
    public TraceShape Shape { get; }

    /// <inheritdoc/>
    public int Heads { get; }

    /// <inheritdoc/>
    public int IntermediateSize { get; }

    /// <inheritdoc/>
    public OpenedRow Open(bool output, int index)
    {
        (PackedMatrix matrix, MerkleLevels rows) = output ? (_output, _outputRows) : (_embedding, _embeddingRows);
        float[] weights = new float[matrix.Columns];
        matrix.CopyExact(index, weights);
        return new OpenedRow(index, weights, rows.InclusionProof(index));
    }

    private static MerkleLevels Tree(PackedMatrix matrix)
    {
        byte[][] hashes = new byte[matrix.Rows][];
        float[] row = new float[matrix.Columns];
        for (int index = 0; index < hashes.Length; index++)
        {
            matrix.CopyExact(index, row);
            hashes[index] = OpenedRow.HashRow(index, row);
        }

        return new MerkleLevels(hashes);
    }
}
