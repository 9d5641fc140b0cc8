namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">The text.</param>
public sealed record Turn(string Role, string Content);
