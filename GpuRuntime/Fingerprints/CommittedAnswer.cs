namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What a node keeps of an answer to open it later: 32 bytes and an id a step. Everything else is computed again.</summary>
/// <param name="Ids">Prompt and answer.</param>
/// <param name="PromptTokens">How many of them are the prompt's.</param>
/// <param name="TraceSecret">32 bytes.</param>
/// <param name="StepHashes">Of all committed steps, one fewer than ids.</param>
public sealed record CommittedAnswer(int[] Ids, int PromptTokens, byte[] TraceSecret, IReadOnlyList<byte[]> StepHashes);
