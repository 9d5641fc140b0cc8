using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Openings;

/// <summary>What the receipt says of how tokens were drawn.</summary>
/// <param name="Parameters">In range.</param>
/// <param name="Seed">32 bytes, from <see cref="SamplingSeed"/>.</param>
/// <param name="PromptTokens">How many of the ids are the prompt's.</param>
/// <param name="Allowed">What the answer's format allowed at the judged step, one bit for each id; empty where everything may be drawn.</param>
public sealed record DrawnToken(SamplingParameters Parameters, ReadOnlyMemory<byte> Seed, int PromptTokens, ReadOnlyMemory<ulong> Allowed);
