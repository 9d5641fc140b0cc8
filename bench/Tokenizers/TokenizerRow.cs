using Verathos.Bench.Statistics;

namespace Verathos.Bench.Tokenizers;

/// <summary>What the comparison of one vocabulary gave.</summary>
/// <param name="Vocabulary">The vocabulary.</param>
/// <param name="Peer">The program that it was compared with.</param>
/// <param name="Texts">Texts compared.</param>
/// <param name="EqualIds">Texts of which both made the same ids.</param>
/// <param name="EqualText">Texts whose ids both decoded to the same text; null where only ids are compared.</param>
/// <param name="RoundTrips">Texts that decoding their ids gave back (or whose text made the same ids again, where normalization or a missing byte changed it).</param>
/// <param name="Streams">Texts whose ids, decoded one at a time, gave whole characters and together the same.</param>
/// <param name="Forged">Texts in which the name of a special token became that token although the text was a message's.</param>
/// <param name="PeerDigest">SHA-256 of all ids that the other program made (little-endian, -1 after each text), hexadecimal.</param>
/// <param name="FirstDifferences">The first texts that differ, at most three.</param>
/// <param name="MegabytesPerSecond">Encoding here, UTF-8 bytes of the texts / 10^6 a second.</param>
/// <param name="PeerMegabytesPerSecond">The same of the other program.</param>
/// <param name="Ratio">The first over the second in interleaved pairs.</param>
public sealed record TokenizerRow(
    string Vocabulary,
    string Peer,
    int Texts,
    int EqualIds,
    int? EqualText,
    int RoundTrips,
    int Streams,
    int Forged,
    string PeerDigest,
    IReadOnlyList<TokenizerDifference> FirstDifferences,
    Spread MegabytesPerSecond,
    Spread PeerMegabytesPerSecond,
    PairedRatio Ratio)
{
    /// <summary>Whether nothing differs.</summary>
    public bool Holds => EqualIds == Texts && (EqualText is null || EqualText == Texts) && RoundTrips == Texts && Streams == Texts && Forged == 0;
}
