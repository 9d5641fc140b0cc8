namespace Verathos.GpuRuntime.Compute;

/// <summary>A model's forward pass. Not safe for use from two threads at once.</summary>
public interface IComputeBackend : IDisposable
{
    /// <summary>What fixes the bits of the results.</summary>
    NumericProfile Profile { get; }

    /// <summary>Bytes that the weights take as they are used.</summary>
    long WeightBytes { get; }

    /// <summary>Bytes that are free now where sequences are kept, or null where that is the machine's memory.</summary>
    long? FreeDeviceBytes => null;

    /// <summary>The most bytes that <see cref="CreateSequence"/> ever takes for keys and values of so many positions.</summary>
    /// <param name="capacity">Positions, at least 1.</param>
    long SequenceBytes(int capacity);

    /// <summary>Makes an empty sequence.</summary>
    /// <param name="capacity">The most positions that it will hold.</param>
    SequenceState CreateSequence(int capacity);

    /// <summary>Appends tokens to a sequence and gives the logits after the last.</summary>
    /// <param name="sequence">One of this backend's.</param>
    /// <param name="ids">One or more ids; they must fit the sequence's capacity.</param>
    /// <param name="logits">One f32 per vocabulary id.</param>
    void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits);

    /// <summary>Appends one token to each of several sequences and gives the logits after each.</summary>
    /// <param name="sequences">This backend's, each once.</param>
    /// <param name="ids">One id for each sequence.</param>
    /// <param name="logits">[sequences, vocabulary], f32.</param>
    void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits);
}
