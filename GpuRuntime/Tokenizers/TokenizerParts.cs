namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What a vocabulary's file says beside the encoder itself.</summary>
/// <param name="TokenBytes">The bytes of each id; empty for special tokens.</param>
/// <param name="Specials">Special tokens by name.</param>
/// <param name="BosId">The token that begins a sequence.</param>
/// <param name="AddsBos">Whether a prompt begins with it.</param>
/// <param name="BosName">The name of <paramref name="BosId"/>, for chat templates.</param>
/// <param name="EosName">The name of the token that ends a sequence, for chat templates.</param>
/// <param name="StripsFirstSpace">Whether the encoder puts a space before a text, which decoding takes off again.</param>
internal sealed record TokenizerParts(byte[][] TokenBytes, Dictionary<string, int> Specials, int? BosId, bool AddsBos, string? BosName, string? EosName, bool StripsFirstSpace);
