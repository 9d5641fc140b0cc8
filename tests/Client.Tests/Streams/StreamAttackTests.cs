using System.Security.Cryptography;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Streams;

/// <summary>What the host, which carries the sealed pieces, can do to them. Pieces: head, acceptance, five tokens, end, final chunk.</summary>
public sealed class StreamAttackTests
{
    [Fact]
    public Task A_lost_piece_is_refused() => Refused(pieces => [.. pieces.Where((_, i) => i != 3)], "word0 ", "stream.authentic");

    [Fact]
    public Task Swapped_pieces_are_refused() => Refused(pieces => [.. pieces[..3], pieces[4], pieces[3], .. pieces[5..]], "word0 ", "stream.authentic");

    [Fact]
    public Task A_repeated_piece_is_refused() => Refused(pieces => [.. pieces[..3], pieces[2], .. pieces[3..]], "word0 ", "stream.authentic");

    [Fact]
    public Task A_changed_byte_is_refused() => Refused(
        pieces =>
        {
            pieces[3][^1] ^= 1;
            return pieces;
        },
        "word0 ",
        "stream.authentic");

    [Fact]
    public Task A_stream_without_its_final_chunk_is_refused() => Refused(pieces => pieces[..^1], "word0 word1 word2 word3 word4 ", "stream.complete");

    [Fact]
    public Task A_stream_cut_inside_a_piece_is_refused() => Refused(
        pieces => [.. pieces[..4], pieces[4][..100]],
        "word0 word1 ",
        "stream.complete");

    [Fact]
    public Task A_changed_final_chunk_is_refused() => Refused(
        pieces =>
        {
            pieces[^1][^20] ^= 0x40;
            return pieces;
        },
        "word0 word1 word2 word3 word4 ",
        "stream.authentic");

    [Fact]
    public async Task A_piece_of_another_answer_to_the_same_client_is_refused()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        List<byte[]> earlier = [];
        bed.Node.Tampering.Wire = pieces => earlier = pieces;
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Tampering.Wire = pieces => [.. pieces[..3], earlier[3], .. pieces[4..]];
        (string text, VerathosException failure) = await ReadAsync(client);
        Assert.Equal("word0 ", text);
        Assert.Equal("stream.authentic", failure.Check);
    }

    [Fact]
    public async Task A_whole_answer_replayed_is_refused_before_any_text()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        List<byte[]> earlier = [];
        bed.Node.Tampering.Wire = pieces => earlier = pieces;
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Tampering.Wire = _ => earlier;
        (string text, VerathosException failure) = await ReadAsync(client);
        Assert.Equal("", text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
    }

    [Fact]
    public async Task An_empty_body_is_refused()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Wire = _ => [];
        Assert.Equal("stream.complete", (await bed.FailureAsync()).Check);
    }

    [Fact]
    public async Task A_cut_stream_leaves_the_latest_checkpoint_as_proof()
    {
        using TestBed bed = new();
        bed.Node.Script = [.. Enumerable.Range(0, 20).Select(i => (i, $"{i} "))];
        bed.Node.Tampering.Wire = pieces => pieces[..13];
        bed.Node.Tampering.BreakConnection = true;
        using VerathosClient client = await bed.ConnectAsync();
        (string text, VerathosException failure) = await ReadAsync(client);
        Assert.Equal("0 1 2 3 4 5 6 7 8 9 10 ", text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        DeliveryProof proof = failure.Delivered!;
        Assert.True(proof.AcceptanceVerified);

        // Checkpoints travel with tokens 4 and 8: the second covers head, acceptance and eight tokens.
        Assert.Equal(8, proof.Tokens);
        Assert.Equal(10, proof.Chunks);
        Assert.Equal(11, proof.ReceivedTokens);
        Assert.True(Protocol.Receipts.Checkpoint.TryParse(proof.Checkpoint, bed.Node.Keys.Signing, out Protocol.Receipts.Checkpoint? checkpoint, out _));
        Assert.Equal(proof.ChainHead, checkpoint!.ChainHead.ToArray());
        Assert.Equal(proof.RequestDigest, checkpoint.RequestDigest.ToArray());
        Assert.Contains("the first 8 tokens", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_withholds_checkpoints_is_refused()
    {
        using TestBed bed = new();
        bed.Node.Script = [.. Enumerable.Range(0, 40).Select(i => (i, "x"))];
        bed.Node.Tampering.NoCheckpoints = true;
        using VerathosClient client = await bed.ConnectAsync();
        (string text, VerathosException failure) = await ReadAsync(client);
        Assert.Equal(32, text.Length);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
    }

    [Fact]
    public async Task A_stream_that_falls_silent_ends_after_the_idle_timeout_with_what_is_proved()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Wire = pieces => pieces[..8];
        bed.Node.Tampering.Hang = true;
        using VerathosClient client = await bed.ConnectAsync();
        string text = "";
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
            {
                text += update.Text;
                if (update.FinishReason is not null)
                    _ = bed.Node.Hanging.Task.ContinueWith(_ => bed.Clock.Advance(bed.Options.IdleTimeout), TaskScheduler.Default);
            }
        });
        Assert.Equal("word0 word1 word2 word3 word4 ", text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        Assert.Contains("silent", failure.Message, StringComparison.Ordinal);
        Assert.Equal(4, failure.Delivered!.Tokens);
    }

    [Fact]
    public async Task A_cancelled_call_stops()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        using CancellationTokenSource gone = new();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.CompleteAsync(TestBed.Request(), gone.Token));
    }

    private static async Task Refused(Func<List<byte[]>, List<byte[]>> wire, string emitted, string check)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Wire = wire;
        using VerathosClient client = await bed.ConnectAsync();
        (string text, VerathosException failure) = await ReadAsync(client);
        Assert.Equal(emitted, text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        Assert.Equal(check, failure.Check);
    }

    private static async Task<(string Text, VerathosException Failure)> ReadAsync(VerathosClient client)
    {
        string text = "";
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
                text += update.Text;
        });
        return (text, failure);
    }
}
