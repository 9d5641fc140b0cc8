namespace Verathos.Simulator.Nvidia;

/// <summary>One measurement block of an SPDM measurement record (DMTF DSP0274 1.1.0 section 10.11.1).</summary>
public sealed record MeasurementBlockSpec
{
    /// <summary>Index, from 1.</summary>
    public required byte Index { get; init; }

    /// <summary>MeasurementSpecification; 1 is DMTF.</summary>
    public byte Specification { get; init; } = 1;

    /// <summary>MeasurementSize: what the block says it holds after its first four bytes; the true number where null.</summary>
    public ushort? Size { get; init; }

    /// <summary>DMTFSpecMeasurementValueType.</summary>
    public byte ValueType { get; init; } = 1;

    /// <summary>DMTFSpecMeasurementValueSize: what the block says its value has; the true number where null.</summary>
    public ushort? ValueSize { get; init; }

    /// <summary>The value; 48 bytes in a real report.</summary>
    public required byte[] Value { get; init; }
}
