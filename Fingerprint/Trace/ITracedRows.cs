namespace Verathos.Fingerprint.Trace;

/// <summary>What a pass computed of its rows, beside the layers' outputs. Called from several threads.</summary>
public interface ITracedRows
{
    /// <summary>Writes a row's key and then its value of one head: bfloat16, as they are attended to, little-endian.</summary>
    /// <param name="row">Of the pass.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="head">Key and value head, from 0.</param>
    /// <param name="destination">Two bytes for each element of both.</param>
    void CopyHead(int row, int layer, int head, Span<byte> destination);

    /// <summary>The logits after a row that are committed: one for each id, or none.</summary>
    ReadOnlySpan<float> LogitsOf(int row);

    /// <summary>The token at a row's position.</summary>
    int InputIdOf(int row);
}
