using System.Text;
using CsCheck;
using Verathos.Client.Streams;

namespace Verathos.Client.Tests.Streams;

/// <summary>Server-sent events, cut anywhere.</summary>
public sealed class SseParserTests
{
    [Fact]
    public void Events_survive_any_cut_and_any_line_end()
    {
        Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 20].Array[1, 8], Gen.OneOf(Gen.Const("\n"), Gen.Const("\r\n"), Gen.Const("\r")), Gen.Int[1, 7]).Sample((data, end, step) =>
        {
            byte[] stream = Encoding.UTF8.GetBytes(string.Concat(data.Select(item => $"data: {item}{end}: padding{end}{end}")));
            SseParser parser = new();
            for (int i = 0; i < stream.Length; i += step)
                Assert.True(parser.TryFeed(stream.AsSpan(i, Math.Min(step, stream.Length - i))));

            Assert.Equal(data, Drain(parser).Select(item => item.Data));
        });
    }

    [Fact]
    public void Names_data_lines_and_comments_are_told_apart()
    {
        SseParser parser = new();
        Assert.True(parser.TryFeed(":comment\nevent: a\ndata: one\ndata:two\nid: 7\nretry: 3\n\ndata\n\nevent: lost\n\ndata: last\n\n"u8));
        Assert.Equal([("a", "one\ntwo"), (null, ""), (null, "last")], Drain(parser));
        Assert.False(parser.HasPartialEvent);
    }

    [Fact]
    public void An_unfinished_event_is_held_back_and_seen()
    {
        SseParser parser = new();
        Assert.True(parser.TryFeed("data: half\n"u8));
        Assert.Empty(Drain(parser));
        Assert.True(parser.HasPartialEvent);
    }

    [Fact]
    public void An_endless_line_is_refused()
    {
        SseParser parser = new();
        byte[] piece = new byte[1 << 20];
        piece.AsSpan().Fill((byte)'x');
        bool taken = true;
        for (int i = 0; i < 8 && taken; i++)
            taken = parser.TryFeed(piece);

        Assert.False(taken);
    }

    private static List<(string? Name, string Data)> Drain(SseParser parser)
    {
        List<(string?, string)> events = [];
        while (parser.TryRead(out SseEvent value))
            events.Add((value.Name, Encoding.UTF8.GetString(value.Data.Span)));

        return events;
    }
}
