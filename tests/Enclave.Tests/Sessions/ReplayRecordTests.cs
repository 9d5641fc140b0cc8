using System.Security.Cryptography;
using Verathos.Enclave.Sessions;

namespace Verathos.Enclave.Tests.Sessions;

public sealed class ReplayRecordTests
{
    [Fact]
    public void AHeaderIsTakenOnce()
    {
        ReplayRecord record = new(4);

        Assert.Equal(ReplayOutcome.Recorded, record.Record(Digest(1)));
        Assert.Equal(ReplayOutcome.Seen, record.Record(Digest(1)));
        Assert.Equal(ReplayOutcome.Recorded, record.Record(Digest(2)));
    }

    [Fact]
    public void AFullRecordRefusesAndForgetsNothing()
    {
        ReplayRecord record = new(2);
        record.Record(Digest(1));
        record.Record(Digest(2));

        Assert.Equal(ReplayOutcome.Full, record.Record(Digest(3)));
        Assert.Equal(ReplayOutcome.Full, record.Record(Digest(4)));
        Assert.Equal(ReplayOutcome.Seen, record.Record(Digest(1)));
        Assert.Equal(2, record.Count);
    }

    [Fact]
    public void OfManyAtOnceOneWins()
    {
        ReplayRecord record = new(100);
        int won = 0;
        Parallel.For(0, 64, _ =>
        {
            if (record.Record(Digest(9)) == ReplayOutcome.Recorded)
            {
                Interlocked.Increment(ref won);
            }
        });

        Assert.Equal(1, won);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void WhatIsNoSha256IsRefused(int length)
    {
        ReplayRecord record = new(2);

        Assert.Throws<ArgumentOutOfRangeException>(() => record.Record(new byte[length]));
        Assert.Equal(0, record.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void ARecordWithoutRoomIsNone(int capacity) => Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayRecord(capacity));

    private static byte[] Digest(byte seed) => SHA256.HashData([seed]);
}
