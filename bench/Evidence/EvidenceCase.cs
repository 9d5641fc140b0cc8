namespace Verathos.Bench.Evidence;

/// <summary>Evidence of one format and source.</summary>
/// <param name="Format">Such as <c>TDX quote</c>.</param>
/// <param name="Source"><c>recorded</c> from hardware, or <c>minted</c> by the simulator.</param>
/// <param name="Goal">The most milliseconds that the median may be; null where none is set.</param>
/// <param name="Items">Evidence that is accepted.</param>
internal sealed record EvidenceCase(string Format, string Source, double? Goal, IReadOnlyList<EvidenceItem> Items);
