using System.Text;

namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>Members and slices of values.</summary>
internal static class JinjaMembers
{
    /// <summary>The member of a value by name or number; undefined where it has none.</summary>
    public static object? Get(object? of, object? member)
    {
        if (ReferenceEquals(of, JinjaValues.Undefined))
        {
            throw new ChatFormatException($"the template takes {(member is JinjaText name ? $"the member {name.ToMessage()}" : "a member")} of an undefined value");
        }

        return (of, member) switch
        {
            (Dictionary<string, object?> map, JinjaText key) => map.TryGetValue(key.ToString(), out object? value) ? value : JinjaValues.Undefined,
            (JinjaNamespace space, JinjaText key) => space.Members.TryGetValue(key.ToString(), out object? value) ? value : JinjaValues.Undefined,
            (List<object?> list, long index) => Place(index, list.Count) is int place and >= 0 ? list[place] : JinjaValues.Undefined,
            (JinjaText text, long index) => Characters(text) is { } characters && Place(index, characters.Count - 1) is int place and >= 0
                ? text.Slice(characters[place], characters[place + 1] - characters[place])
                : JinjaValues.Undefined,
            _ => JinjaValues.Undefined,
        };
    }

    /// <summary>Python's slices of lists and texts.</summary>
    public static object? Slice(object? of, long? start, long? end, long? step)
    {
        switch (of)
        {
            case List<object?> list:
                return Places(list.Count, start, end, step ?? 1).Select(i => list[i]).ToList();
            case JinjaText text:
                List<int> characters = Characters(text);
                int[] places = (step ?? 1) == 1 ? [.. Places(characters.Count - 1, start, end, 1)] : throw new ChatFormatException("the template slices a text in steps, which is not supported");
                return places.Length == 0 ? JinjaText.Empty : text.Slice(characters[places[0]], characters[places[^1] + 1] - characters[places[0]]);
            default:
                throw new ChatFormatException($"the template slices {JinjaValues.Kind(of)}");
        }
    }

    private static int Place(long index, int count)
    {
        long place = index < 0 ? index + count : index;
        return place >= 0 && place < count ? (int)place : -1;
    }

    private static IEnumerable<int> Places(int count, long? start, long? end, long step)
    {
        if (step == 0)
        {
            throw new ChatFormatException("the template slices in steps of nothing");
        }

        long first = step > 0 ? 0 : -1;
        long last = step > 0 ? count : count - 1;
        long from = start is long s ? Math.Clamp(s < 0 ? s + count : s, first, last) : step > 0 ? first : last;
        long to = end is long e ? Math.Clamp(e < 0 ? e + count : e, first, last) : step > 0 ? last : first;
        for (long i = from; step > 0 ? i < to : i > to; i += step)
        {
            yield return (int)i;
        }
    }

    // Where each character begins, and where the last one ends.
    private static List<int> Characters(JinjaText text)
    {
        List<int> starts = [0];
        foreach (ChatSegment piece in text.Pieces)
        {
            foreach (Rune rune in piece.Text.Span.EnumerateRunes())
            {
                starts.Add(starts[^1] + rune.Utf16SequenceLength);
            }
        }

        return starts;
    }
}
