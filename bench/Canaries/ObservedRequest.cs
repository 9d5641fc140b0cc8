using System.Text.Json.Nodes;

namespace Verathos.Bench.Canaries;

/// <summary>A request as a node sees it: what its host sees of it, and what somebody sees who reads everything.</summary>
/// <param name="Conversation">Which conversation of its sender it belongs to; requests of one are never split between training and test.</param>
/// <param name="At">When it arrives.</param>
/// <param name="Body">The whole body inside the seal.</param>
/// <param name="SealedBytes">Bytes of the sealed request.</param>
/// <param name="AnswerChunks">Sealed chunks of the answer.</param>
/// <param name="OuterHeaders">Names and values of the outer request's headers.</param>
public sealed record ObservedRequest(long Conversation, TimeSpan At, JsonObject Body, long SealedBytes, long AnswerChunks, string OuterHeaders);
