namespace Verathos.GpuRuntime.Serving;

/// <summary>Sees the raw logits of a token before it is drawn.</summary>
/// <param name="request">Whose token.</param>
/// <param name="index">The token's place in the answer, from 0.</param>
/// <param name="logits">One f32 per vocabulary id.</param>
internal delegate void LogitsObserver(GenerationRequest request, int index, ReadOnlySpan<float> logits);
