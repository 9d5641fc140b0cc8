using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What an opening shows of a model: its shape, and rows of the embedding and the output with their proofs.</summary>
internal interface IOpenedRows
{
    /// <summary>The sizes of the leaves.</summary>
    TraceShape Shape { get; }

    /// <summary>Query heads.</summary>
    int Heads { get; }

    /// <summary>Width of the feed-forward part.</summary>
    int IntermediateSize { get; }

    /// <summary>One row of the embedding or the output with its proof.</summary>
    OpenedRow Open(bool output, int index);
}
