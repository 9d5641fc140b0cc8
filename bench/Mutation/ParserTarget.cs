using Verathos.Attestation;

namespace Verathos.Bench.Mutation;

/// <summary>A parser of bytes from outside, as a fuzzer feeds it: any bytes, no exception.</summary>
/// <param name="Name">Its name, such as <c>gpu-report</c>.</param>
/// <param name="Parse">Gives the bytes to the parser; true where they parse.</param>
/// <param name="Worst">An input of about a length whose structure costs the parser most, for its growth.</param>
public sealed record ParserTarget(string Name, Func<ReadOnlyMemory<byte>, bool> Parse, Func<int, byte[]> Worst)
{
    /// <summary>Whether the parser counts the bytes that it looks at.</summary>
    public bool CountsSteps { get; init; } = true;

    /// <summary>Parses, and says how many bytes the parser looked at, by its own count.</summary>
    /// <param name="bytes">The input.</param>
    /// <param name="steps">Bytes looked at: each pass over a part counts that part's length.</param>
    public bool Parses(ReadOnlyMemory<byte> bytes, out long steps)
    {
        ParseSteps.Reset();
        bool parses = Parse(bytes);
        steps = ParseSteps.Count;
        return parses;
    }
}
