using System.Buffers.Binary;
using System.Text;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// Unicode's normalization form C (https://www.unicode.org/reports/tr15/), because .NET leaves text as it is where globalization
/// is invariant. The tables are those of Unicode 17 (composition.bin, made by bench/reference/unicode.mjs).
/// </summary>
internal sealed class CanonicalComposition : NormalizerStep
{
    private const int FirstSyllable = 0xac00;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int BeforeTrail = 0x11a7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Trails = 28;
    private const int Covered = 0x30000;

    private readonly Dictionary<int, int[]> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];

    // Canonical combining classes in their order, 0 for none, and which characters composing may change.
    private readonly byte[] _classes = new byte[Covered];
    private readonly bool[] _active = new bool[Covered];

    private CanonicalComposition()
    {
        using Stream stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream("composition.bin")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        int at = 4;
        int decompositions = Next();
        int compositions = Next();
        int marks = Next();
        for (; decompositions > 0; decompositions--)
        {
            int composed = Next();
            int[] parts = new int[Next()];
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = Next();
            }

            _decompositions[composed] = parts;
            _active[composed] = true;
        }

        for (; compositions > 0; compositions--)
        {
            (int first, int second, int composed) = (Next(), Next(), Next());
            _compositions[(first, second)] = composed;
            _active[second] = true;
        }

        for (; marks > 0; marks--)
        {
            int mark = Next();
            _classes[mark] = (byte)Next();
            _active[mark] = true;
        }

        Array.Fill(_active, true, FirstVowel, Vowels);
        Array.Fill(_active, true, BeforeTrail + 1, Trails - 1);

        int Next()
        {
            at += 4;
            return BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at - 4));
        }
    }

    /// <summary>The step.</summary>
    public static CanonicalComposition Instance { get; } = new();

    /// <inheritdoc/>
    public override bool Changes(ReadOnlySpan<char> text)
    {
        // Below U+0300 nothing changes. Text of characters that nothing composes with stays, too.
        int start = text.IndexOfAnyExceptInRange('\0', '\u02ff');
        if (start < 0)
        {
            return false;
        }

        foreach (Rune rune in text[start..].EnumerateRunes())
        {
            if (rune.Value >= 0x300 && rune.Value < Covered && _active[rune.Value])
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override void Apply(ReadOnlySpan<char> text, WipedList<char> result)
    {
        using WipedList<int> points = new(text.Length + 16);
        for (int at = 0; at < text.Length;)
        {
            // Half of a surrogate pair alone stays what it is.
            int point = Rune.DecodeFromUtf16(text[at..], out Rune rune, out int length) == System.Buffers.OperationStatus.Done ? rune.Value : text[at];
            Decompose(point, points);
            at += length;
        }

        Sort(points.Span);
        int count = Compose(points.Span);
        Span<char> units = stackalloc char[2];
        foreach (int point in points.Span[..count])
        {
            if (Rune.TryCreate(point, out Rune rune))
            {
                result.AddRange(units[..rune.EncodeToUtf16(units)]);
            }
            else
            {
                result.Add((char)point);
            }
        }

        units.Clear();
    }

    private int Class(int point) => point < Covered ? _classes[point] : 0;

    private void Decompose(int point, WipedList<int> points)
    {
        int syllable = point - FirstSyllable;
        if (syllable is >= 0 and < Leads * Vowels * Trails)
        {
            points.Add(FirstLead + (syllable / (Vowels * Trails)));
            points.Add(FirstVowel + (syllable % (Vowels * Trails) / Trails));
            if (syllable % Trails > 0)
            {
                points.Add(BeforeTrail + (syllable % Trails));
            }
        }
        else if (point >= 0xc0 && _decompositions.TryGetValue(point, out int[]? parts))
        {
            points.AddRange(parts);
        }
        else
        {
            points.Add(point);
        }
    }

    // Marks that follow one another go by class; those of one class keep their order.
    private void Sort(Span<int> points)
    {
        for (int start = 0; start < points.Length; start++)
        {
            int end = start;
            while (end < points.Length && Class(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                SortRun(points[start..end]);
            }

            start = Math.Max(start, end);
        }
    }

    private void SortRun(Span<int> run)
    {
        // The place makes the order strict, so that an unstable sort keeps equal classes as they were.
        using WipedList<ulong> keys = new(run.Length);
        for (int i = 0; i < run.Length; i++)
        {
            keys.Add(((ulong)Class(run[i]) << 56) | ((ulong)i << 24) | (uint)run[i]);
        }

        keys.Span.Sort();
        for (int i = 0; i < run.Length; i++)
        {
            run[i] = (int)(keys.Span[i] & 0xffffff);
        }
    }

    private int Compose(Span<int> points)
    {
        int count = 0;
        int starter = -1;
        int last = 0;
        foreach (int point in points)
        {
            int order = Class(point);
            bool blocked = count - 1 > starter && (last == 0 || last >= order);
            if (starter >= 0 && !blocked && Pair(points[starter], point) is int composed and >= 0)
            {
                points[starter] = composed;
                continue;
            }

            (starter, last) = order == 0 ? (count, 0) : (starter, order);
            points[count++] = point;
        }

        return count;
    }

    private int Pair(int first, int second)
    {
        if (first - FirstLead is int lead and >= 0 and < Leads && second - FirstVowel is int vowel and >= 0 and < Vowels)
        {
            return FirstSyllable + (((lead * Vowels) + vowel) * Trails);
        }

        return first - FirstSyllable is int syllable and >= 0 and < Leads * Vowels * Trails && syllable % Trails == 0 && second - BeforeTrail is int trail and > 0 and < Trails
            ? first + trail
            : _compositions.GetValueOrDefault((first, second), -1);
    }
}
