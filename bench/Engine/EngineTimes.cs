namespace Verathos.Bench.Engine;

/// <summary>How long the answers of one round took, in milliseconds since the request, one entry for each prompt.</summary>
/// <param name="First">Until the first token.</param>
/// <param name="Last">Until the last token.</param>
/// <param name="Counts">Tokens.</param>
internal sealed record EngineTimes(double[] First, double[] Last, int[] Counts);
