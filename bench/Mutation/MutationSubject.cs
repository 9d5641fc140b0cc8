namespace Verathos.Bench.Mutation;

/// <summary>Something whose bits are changed.</summary>
/// <param name="Name">What it is, such as <c>tdx-quote</c>.</param>
/// <param name="Bytes">The bytes as they pass.</param>
/// <param name="Accepts">True where changed bytes are accepted. It must not throw.</param>
/// <param name="CoveredLength">How many bytes from the start a signature or policy covers: no change there may be accepted.</param>
/// <param name="MustPass">True where the unchanged bytes are accepted; false for a parser alone, whose input nothing accepts.</param>
public sealed record MutationSubject(string Name, byte[] Bytes, Func<ReadOnlyMemory<byte>, bool> Accepts, int CoveredLength, bool MustPass);
