using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Tokenizers;

/// <summary>One vocabulary and the program that it is compared with.</summary>
/// <param name="Name">The vocabulary.</param>
/// <param name="Peer">The program.</param>
/// <param name="Script">Its script in bench/reference.</param>
/// <param name="Path">The file that both open.</param>
/// <param name="Decodes">Whether decoded text is compared, too.</param>
/// <param name="Open">Opens the file here.</param>
/// <param name="Specials">Names of special tokens for the texts.</param>
internal sealed record TokenizerCase(string Name, string Peer, string Script, string Path, bool Decodes, Func<Tokenizer> Open, string[] Specials);
