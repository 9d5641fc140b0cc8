using System.Security.Cryptography;
using Verathos.Client.Bundles;
using Verathos.Client.Openings;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Evidence;

namespace Verathos.Client.Tests.Openings;

public sealed class AuditTicketTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ticket_is_read_back_and_verifies_alone(bool several)
    {
        using TestBed bed = Bed();
        if (several)
        {
            bed.Node.Several = new ModelSet(
            [
                new ModelEntry("first", SHA256.HashData("1"u8), 9, 1000, 10, "f32", 1000),
                new ModelEntry("second", SHA256.HashData("2"u8), 9, 1000, 10, CommittedProfiles.Served, 1000),
            ]);
            bed.Options = bed.Options with { DefaultModel = "second" };
        }

        Answer answer = await bed.AnswerAsync();
        using AuditTicket ticket = answer.Ticket!;
        byte[] encoded = ticket.Encode();
        Assert.True(AuditTicket.TryDecode(encoded, out AuditTicket? read, out string? error), error);
        Assert.Equal(encoded, read.Encode());
        Assert.True(read.Verify().Valid, read.Verify().Reason);
        Assert.Equal(bed.Address, read.Node);
        Assert.Equal(answer.ReceiptBytes, read.ReceiptBytes);
        Assert.Equal(answer.Receipt.Digest.ToArray(), read.ReceiptDigest);
        Assert.Equal(answer.Receipt.AuditCommitment.ToArray(), SHA256.HashData(read.AuditSecret));
        Assert.Equal([.. answer.PromptIds, .. answer.OutputIds], read.Ids());
        Assert.Equal((answer.PromptIds.Count, (long)(answer.PromptIds.Count + answer.OutputIds.Count - 1)), (read.PromptTokens, read.Steps));
        Assert.Equal((several ? "second" : TestNode.ModelName, CommittedProfiles.Served, true), (read.ModelName, read.Profile, read.Simulated));
        Assert.DoesNotContain(Convert.ToHexStringLower(read.AuditSecret), read.ToString(), StringComparison.Ordinal);
        read.Dispose();
        Assert.Throws<ObjectDisposedException>(() => read.AuditSecret.Length);
        Assert.Throws<ObjectDisposedException>(() => read.Encode());
    }

    /// <summary>No byte of a ticket can be changed and pass both reading and verifying, but for its address and times.</summary>
    [Fact]
    public async Task A_changed_ticket_does_not_verify()
    {
        using TestBed bed = Bed();
        using AuditTicket ticket = (await bed.AnswerAsync()).Ticket!;
        byte[] encoded = ticket.Encode();
        int passed = 0;
        for (int at = 0; at < encoded.Length; at++)
        {
            byte[] changed = [.. encoded];
            changed[at] ^= 1;
            passed += AuditTicket.TryDecode(changed, out AuditTicket? read, out _) && read.Verify().Valid ? 1 : 0;
        }

        // Letters of the address, the lower bytes of four times, and the manifest's counts and name, which no receipt repeats.
        Assert.InRange(passed, 1, 80);
        for (int length = 0; length < encoded.Length; length += 7)
            Assert.False(AuditTicket.TryDecode(encoded.AsMemory(0, length), out _, out _));
    }

    /// <summary>Only a caller that asks gets one, and the node cannot tell.</summary>
    [Fact]
    public async Task Nothing_shows_who_keeps_tickets()
    {
        using TestBed bed = Bed();
        Answer kept = await bed.AnswerAsync();
        (string[] names, int length) = ([.. bed.Node.LastRequest!.Fields.Select(field => field.Name)], bed.Node.LastLength);
        string content = System.Text.Encoding.UTF8.GetString(bed.Node.LastRequest.Content.Span);
        bed.Options = bed.Options with { KeepTickets = false };
        Answer other = await bed.AnswerAsync();
        Assert.NotNull(kept.Ticket);
        Assert.Null(other.Ticket);
        Assert.Equal(names, bed.Node.LastRequest.Fields.Select(field => field.Name));
        Assert.Equal(length, bed.Node.LastLength);
        Assert.Equal(content, System.Text.Encoding.UTF8.GetString(bed.Node.LastRequest.Content.Span));
    }

    /// <summary>The secret is in the ticket and in nothing else that an answer leaves behind.</summary>
    [Fact]
    public async Task No_bundle_holds_the_secret()
    {
        using TestBed bed = Bed();
        Answer answer = await bed.AnswerAsync();
        byte[] secret = answer.Ticket!.AuditSecret.ToArray();
        Assert.Equal(-1, ProofBundle.Of(answer, withContent: true).Encode().AsSpan().IndexOf(secret));
        Assert.NotEqual(-1, answer.Ticket.Encode().AsSpan().IndexOf(secret));
    }

    private static TestBed Bed()
    {
        TestBed bed = new();
        bed.Node.Configuration = bed.Node.Configuration with { NumericProfile = CommittedProfiles.Served };
        bed.Options = bed.Options with { KeepTickets = true };
        return bed;
    }
}
