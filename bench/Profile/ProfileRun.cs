namespace Verathos.Bench.Profile;

/// <summary>One way to serve the prompts, compared with each of them alone, token by token.</summary>
/// <param name="Threads">Threads of the forward pass.</param>
/// <param name="Batch">Requests computed side by side at most.</param>
/// <param name="PromptChunk">Prompt tokens of one turn, which cuts the prompts.</param>
/// <param name="Compared">Logit vectors compared.</param>
/// <param name="Different">Those of them that differ in any bit.</param>
/// <param name="LargestBatch">The most requests that were under way at once.</param>
public sealed record ProfileRun(int Threads, int Batch, int PromptChunk, int Compared, int Different, int LargestBatch);
