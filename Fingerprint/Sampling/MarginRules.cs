namespace Verathos.Fingerprint.Sampling;

/// <summary>How a verifier with logits of its own looks at a drawn token, measured for one model and profile.</summary>
/// <param name="CapMicro">The most that one token counts, in millionths of a logit: what falls outside the widened nucleus counts this much.</param>
/// <param name="TopPMicro">By how much the nucleus is widened, in millionths.</param>
/// <param name="TopK">By how many tokens top-k is widened.</param>
public sealed record MarginRules(long CapMicro, uint TopPMicro, int TopK);
