namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What a <see cref="CharacterEncoder"/> does beside merging.</summary>
/// <param name="Normalizer">What is done to a text first.</param>
/// <param name="Metaspace">Where U+2581 is put before a text, with spaces turned into it; null where the normalizer does that or nothing does.</param>
/// <param name="UnknownId">The token of a character that has not even byte tokens; it is left out where there is none.</param>
/// <param name="FusesUnknown">Whether neighbouring unknown characters are one token.</param>
internal sealed record CharacterRules(TextNormalizer Normalizer, MetaspacePrefix? Metaspace, int? UnknownId, bool FusesUnknown);
