namespace Verathos.Bench.Trace;

/// <summary>A request of a trace.</summary>
/// <param name="Kind">What it must meet.</param>
/// <param name="Body">The completion's body, JSON in UTF-8; for <see cref="TraceKind.Garbage"/> the bytes themselves.</param>
/// <param name="PromptIds">The prompt.</param>
/// <param name="MaxTokens">The most tokens asked for.</param>
/// <param name="Stop">The stop text of <see cref="TraceKind.Stopped"/>.</param>
/// <param name="CancelAfter">Tokens after which a cancelled request is left.</param>
/// <param name="Expected">Status and code of the refusal that a bad request deserves.</param>
/// <param name="Pause">The time between the arrival before and this one.</param>
internal sealed record TraceRequest(
    TraceKind Kind, byte[] Body, int[] PromptIds, int MaxTokens, string? Stop, int CancelAfter, (int Status, string Code)? Expected, TimeSpan Pause)
{
    /// <summary>Which of the models it is for, from 0.</summary>
    public int Model { get; init; }
}
