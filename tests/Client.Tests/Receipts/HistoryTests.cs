using System.Security.Cryptography;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>What several receipts of one keyset say together.</summary>
public sealed class HistoryTests
{
    [Fact]
    public async Task Receipts_in_a_row_are_counted_and_linked()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Answer first = await client.CompleteAsync(TestBed.Request());
        Answer second = await client.CompleteAsync(TestBed.Request());
        Assert.Equal(2UL, second.Receipt.Counter);
        Assert.Equal(first.Receipt.Digest.ToArray(), second.Receipt.Previous!.Value.ToArray());
        Assert.Equal(2UL, client.Ledger.Highest(first.Receipt.KeysetDigest.Span));
        Assert.Empty(client.Ledger.Equivocations);
    }

    [Fact]
    public async Task A_receipt_that_names_another_predecessor_falls_to_that_check()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Tampering.Receipt = receipt => receipt with { Previous = SHA256.HashData("other"u8) };
        await FallsTo(client, ReceiptCheckNames.Previous);
    }

    [Fact]
    public async Task A_counter_below_one_seen_before_the_request_falls_to_that_check()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        bed.Node.Keys.Counter = 9;
        bed.Node.Keys.Previous = new byte[32];
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Keys.Counter = 4;
        await FallsTo(client, ReceiptCheckNames.Counter);
    }

    [Fact]
    public async Task Two_receipts_under_one_counter_are_kept_as_proof_of_equivocation()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Answer first = await client.CompleteAsync(TestBed.Request());
        bed.Node.Keys.Counter = 0;
        bed.Node.Keys.Previous = null;
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(TestBed.Request()));
        Assert.Equal(ClientFailure.Equivocation, failure.Failure);
        Assert.Equal(ReceiptCheckNames.Equivocation, failure.Check);
        Equivocation proof = Assert.Single(client.Ledger.Equivocations);
        Assert.Equal(first.ReceiptBytes, proof.First);

        // Anyone who holds the keyset can check both.
        Assert.True(Receipt.TryParse(proof.First, bed.Node.Keys.Signing, out Receipt? one, out _));
        Assert.True(Receipt.TryParse(proof.Second, bed.Node.Keys.Signing, out Receipt? two, out _));
        Assert.Equal(one.Counter, two.Counter);
        Assert.NotEqual(one.Digest.ToArray(), two.Digest.ToArray());
    }

    [Fact]
    public async Task A_shared_ledger_notices_equivocation_between_two_clients()
    {
        using TestBed bed = new();
        using VerathosClient alice = await bed.ConnectAsync();
        using VerathosClient bob = await bed.ConnectAsync();
        await alice.CompleteAsync(TestBed.Request());
        bed.Node.Keys.Counter = 0;
        bed.Node.Keys.Previous = null;
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => bob.CompleteAsync(TestBed.Request()));
        Assert.Equal(ClientFailure.Equivocation, failure.Failure);
    }

    [Fact]
    public async Task Answers_that_overlap_may_end_in_any_order()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        IAsyncEnumerator<AnswerUpdate> slow = client.StreamAsync(TestBed.Request()).GetAsyncEnumerator();
        await using (slow)
        {
            // The slow answer was signed first and is read last.
            Assert.True(await slow.MoveNextAsync());
            Answer fast = await client.CompleteAsync(TestBed.Request());
            Assert.Equal(2UL, fast.Receipt.Counter);
            Answer? late = null;
            while (await slow.MoveNextAsync())
                late = slow.Current.Completed;

            Assert.Equal(1UL, late!.Receipt.Counter);
        }
    }

    [Fact]
    public void A_ledger_keeps_a_bounded_number_of_receipts()
    {
        ReceiptLedger ledger = new();
        byte[] keyset = new byte[32];
        byte[]? previous = null;
        for (ulong i = 1; i <= 5000; i++)
        {
            byte[] digest = SHA256.HashData(BitConverter.GetBytes(i));
            Assert.Equal(LedgerResult.Consistent, ledger.Record(keyset, i, digest, previous, [], i - 1, out _));
            previous = digest;
        }

        Assert.Equal(5000UL, ledger.Highest(keyset));
        Assert.Equal(4096, ledger.Count);
    }

    private static async Task FallsTo(VerathosClient client, string check)
    {
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(TestBed.Request()));
        Assert.Equal(check, failure.Check);
        Assert.Single(failure.Receipt!.Value.Checks, made => made.Result == Attestation.Verdicts.CheckResult.Failed);
    }
}
