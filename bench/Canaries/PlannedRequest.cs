using Verathos.Validator.Canaries;

namespace Verathos.Bench.Canaries;

/// <summary>A request that somebody is going to send.</summary>
/// <param name="Number">The conversation's number among its sender's.</param>
/// <param name="Conversation">The conversation.</param>
/// <param name="Turn">The turn.</param>
/// <param name="At">When it arrives.</param>
public sealed record PlannedRequest(long Number, Conversation Conversation, int Turn, TimeSpan At);
