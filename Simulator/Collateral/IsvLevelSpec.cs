namespace Verathos.Simulator.Collateral;

/// <summary>One TCB level of a TDX module or of the quoting enclave.</summary>
/// <param name="IsvSvn">The ISVSVN that it must at least have.</param>
/// <param name="Status">One of Intel's words such as <c>UpToDate</c>.</param>
public sealed record IsvLevelSpec(int IsvSvn, string Status)
{
    /// <summary>The level's date.</summary>
    public DateTimeOffset Date { get; init; } = new(2025, 8, 13, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Advisory identifiers; the member is absent where there are none.</summary>
    public IReadOnlyList<string> Advisories { get; init; } = [];
}
