namespace Verathos.Protocol.Evidence;

/// <summary>What an enclave accepts, as its configuration states it.</summary>
/// <param name="MaxRequestBytes">Bytes of an encapsulated request.</param>
/// <param name="MaxPromptTokens">Tokens of a prompt.</param>
/// <param name="MaxOutputTokens">Tokens of an answer.</param>
/// <param name="MaxConcurrent">Sequences at the same time.</param>
public sealed record NodeLimits(uint MaxRequestBytes, uint MaxPromptTokens, uint MaxOutputTokens, uint MaxConcurrent);
