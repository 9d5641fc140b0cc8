using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Streams;

/// <summary>How long a node may be silent, and what counts as silence. The limit is two minutes.</summary>
public sealed class SilenceTests
{
    [Fact]
    public async Task A_consumer_that_pauses_longer_than_the_limit_loses_nothing()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        string text = "";
        Answer? answer = null;
        await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
        {
            if (text.Length == 0)
                bed.Clock.Advance(TimeSpan.FromMinutes(10));

            text += update.Text;
            answer = update.Completed ?? answer;
        }

        Assert.Equal("word0 word1 word2 word3 word4 ", text);
        Assert.True(answer!.ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task Chunks_that_each_come_within_the_limit_are_no_silence()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Body = pieces => new SlowStream(pieces, bed.Clock, TimeSpan.FromSeconds(100));
        Assert.True((await bed.AnswerAsync()).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task Single_bytes_that_open_no_chunk_are_silence()
    {
        using TestBed bed = new();
        DateTimeOffset start = bed.Clock.GetUtcNow();
        bed.Node.Tampering.Body = pieces => new SlowStream(pieces, bed.Clock, TimeSpan.FromSeconds(30), singleFrom: 3);
        using VerathosClient client = await bed.ConnectAsync();
        string text = "";
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
                text += update.Text;
        });
        Assert.Equal("word0 ", text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        Assert.Contains("stayed silent for 120 s", failure.Message, StringComparison.Ordinal);

        // Three pieces, and then no more than the limit.
        Assert.Equal(TimeSpan.FromSeconds(90 + 120), bed.Clock.GetUtcNow() - start);
    }
}
