using System.Text;
using System.Text.RegularExpressions;
using Verathos.Host.Drills.Wire;
using Verathos.Protocol.Ohttp;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// A reader of sealed answers without the rules of the stream: it opens what opens, in whatever order, under any keys that it has had,
/// skips what does not open, and waits for no signature and no end. The public implementation that this one replaces reads so.
/// </summary>
internal sealed partial class CarelessReader
{
    private readonly List<(ChunkedBody Sent, Func<ChunkedResponseOpener> Open)> _exchanges = [];

    /// <summary>Keeps the keys of an exchange.</summary>
    /// <param name="sent">The answer as the node sent it.</param>
    /// <param name="open">Makes a fresh opener for it.</param>
    public void Remember(byte[] sent, Func<ChunkedResponseOpener> open) => _exchanges.Add((ChunkedBody.OfResponse(sent), open));

    /// <summary>The text of what arrived, and how many of its chunks belong to another exchange than the last.</summary>
    public (string Text, int Foreign) Read(byte[] arrived)
    {
        ChunkedBody body = ChunkedBody.OfResponse(arrived);
        StringBuilder plain = new();
        int foreign = 0;
        foreach (byte[] chunk in body.Chunks)
        {
            if (Open(chunk) is not { } opened)
                continue;

            plain.Append(Encoding.UTF8.GetString(opened.Plain));
            foreign += opened.Exchange == _exchanges.Count - 1 ? 0 : 1;
        }

        return (string.Concat(Texts().Matches(plain.ToString()).Select(match => match.Groups[1].Value)), foreign);
    }

    private (byte[] Plain, int Exchange)? Open(byte[] chunk)
    {
        for (int exchange = _exchanges.Count - 1; exchange >= 0; exchange--)
        {
            (ChunkedBody sent, Func<ChunkedResponseOpener> open) = _exchanges[exchange];
            for (int place = 0; place < sent.Chunks.Count; place++)
            {
                using ChunkedResponseOpener opener = open();
                opener.Feed(sent.Head);
                foreach (byte[] before in sent.Chunks.Take(place))
                    opener.Feed(before);

                opener.Feed(chunk);
                OhttpChunk last = default;
                int read = 0;
                while (opener.TryRead(out OhttpChunk next))
                {
                    last = next;
                    read++;
                }

                if (read == place + 1)
                    return (last.Plaintext.ToArray(), exchange);
            }
        }

        return null;
    }

    [GeneratedRegex("\"text\":\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Texts();
}
