using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Keys;

/// <summary>What a validator keeps of a model beside its matrices; nothing of it is secret.</summary>
public sealed record ModelConstants
{
    /// <summary>Layers, widths and vocabulary.</summary>
    public required TraceShape Shape { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The experts that take the feed-forward part's place in every layer, or null.</summary>
    public ExpertShape? Experts { get; init; }

    /// <summary>Added under the root of every norm.</summary>
    public required float Epsilon { get; init; }

    /// <summary>The angle by which each pair of a head turns from one position to the next.</summary>
    public required double[] Frequencies { get; init; }

    /// <summary>Multiplies cosines and sines.</summary>
    public required double Amplitude { get; init; }

    /// <summary>How many positions a query sees at most; 0 for all.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>The first layer to which the window applies.</summary>
    public int FirstSlidingLayer { get; init; }

    /// <summary>The weights of the norm before the output.</summary>
    public required float[] FinalNorm { get; init; }

    /// <summary>32 bytes: the root over the embedding's rows (<see cref="Openings.OpenedRow.HashRow"/>).</summary>
    public required byte[] EmbeddingRoot { get; init; }

    /// <summary>32 bytes: the root over the output's rows, which is the embedding's where they are one.</summary>
    public required byte[] OutputRoot { get; init; }

    /// <summary>The first position that a query of a layer sees.</summary>
    public long FirstSeen(int layer, long position) =>
        SlidingWindow > 0 && layer >= FirstSlidingLayer ? Math.Max(0, position + 1 - SlidingWindow) : 0;

    /// <summary>Whether the members agree with one another.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsValid =>
        Shape is { IsValid: true } && EmbeddingRoot is not null && OutputRoot is not null && Heads is >= 1 and <= 1024 && Heads % Shape.KvHeads == 0 && IntermediateSize is >= 1 and <= 1 << 19
        && Shape.HeadSize % 2 == 0 && Frequencies.Length == Shape.HeadSize / 2 && FinalNorm.Length == Shape.HiddenSize
        && EmbeddingRoot.Length == TraceHash.Size && OutputRoot.Length == TraceHash.Size && Epsilon > 0
        && double.IsFinite(Amplitude) && Array.TrueForAll(Frequencies, double.IsFinite) && Array.TrueForAll(FinalNorm, float.IsFinite)
        && SlidingWindow >= 0 && FirstSlidingLayer >= 0 && (Experts is null || Experts.IsValid);
}
