namespace Verathos.Simulator.Collateral;

/// <summary>One platform TCB level of TCB info version 3.</summary>
public sealed record TcbLevelSpec
{
    /// <summary>The 16 SGX component SVNs that a platform must at least have.</summary>
    public required byte[] SgxComponents { get; init; }

    /// <summary>The PCESVN that a platform must at least have.</summary>
    public required int PceSvn { get; init; }

    /// <summary>The 16 TDX component SVNs that a guest must at least have.</summary>
    public required byte[] TdxComponents { get; init; }

    /// <summary>The level's date.</summary>
    public DateTimeOffset Date { get; init; } = new(2025, 8, 13, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Its status, one of Intel's words such as <c>UpToDate</c>, <c>OutOfDate</c>, <c>Revoked</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Advisory identifiers; the member is absent where there are none.</summary>
    public IReadOnlyList<string> Advisories { get; init; } = [];
}
