namespace Verathos.Bench.Mutation;

/// <summary>Something whose bits are changed.</summary>
/// <param name="Name">What it is, such as <c>tdx-quote</c>.</param>
/// <param name="Bytes">The bytes as they pass.</param>
/// <param name="Accepts">True where changed bytes, with all that goes with them unchanged, are accepted. It must not throw.</param>
/// <param name="Covered">
/// For each byte the bits that a signature or a policy covers: no change of one of them may be accepted. Null for a parser by
/// itself, which accepts nothing and is only watched for exceptions, steps and allocation.
/// </param>
public sealed record MutationSubject(string Name, byte[] Bytes, Func<ReadOnlyMemory<byte>, bool> Accepts, byte[]? Covered)
{
    /// <summary>The parser, where this is one by itself.</summary>
    public ParserTarget? Parser { get; init; }

    /// <summary>How many bits are covered.</summary>
    public long CoveredBits => Covered?.Sum(static mask => (long)byte.PopCount(mask)) ?? 0;

    /// <summary>Whether a bit of these bytes is covered.</summary>
    public bool Covers(int offset, int length) => Covered is not null && Covered.AsSpan(offset, length).ContainsAnyExcept((byte)0);

    /// <summary>A parser by itself.</summary>
    public static MutationSubject Of(ParserTarget target, byte[] seed)
    {
        ArgumentNullException.ThrowIfNull(target);
        return new MutationSubject(target.Name, seed, target.Parse, null) { Parser = target };
    }
}
