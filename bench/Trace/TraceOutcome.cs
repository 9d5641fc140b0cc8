using Verathos.Client.Streams;

namespace Verathos.Bench.Trace;

/// <summary>What came of a request.</summary>
/// <param name="Answer">The verified answer, where it came to its end.</param>
/// <param name="Ids">The ids that arrived.</param>
/// <param name="Status">The refusal's status.</param>
/// <param name="Code">The refusal's code.</param>
/// <param name="Error">Any other failure, in words.</param>
internal sealed record TraceOutcome(Answer? Answer, int[] Ids, int Status = 200, string? Code = null, string? Error = null);
