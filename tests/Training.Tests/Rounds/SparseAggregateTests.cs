using Verathos.Training.Rounds;

namespace Verathos.Training.Tests.Rounds;

public sealed class SparseAggregateTests
{
    private static readonly SparseVector Aggregate = new(10, [0, 3, 9], [1.5, 0, -2]);

    [Fact]
    public void An_aggregate_survives_bit_for_bit()
    {
        byte[] encoded = SparseAggregate.Encode(Aggregate);
        Assert.Equal(9 + 36, encoded.Length);
        Assert.True(SparseAggregate.TryParse(encoded, 10, out SparseVector? read));
        Assert.Equal(Aggregate.Indices.ToArray(), read.Indices.ToArray());
        Assert.Equal(Aggregate.Values.ToArray(), read.Values.ToArray());
        Assert.Equal(encoded, SparseAggregate.Encode(read));
        Assert.Equal(encoded, SparseAggregate.Encode(new SparseVector(10, [0, 3, 9], [1.5, -0.0, -2])));
        Assert.True(SparseAggregate.TryParse(SparseAggregate.Encode(SparseVector.Zero(10)), 10, out _));
        Assert.Throws<ArgumentException>(() => SparseAggregate.Encode(new SparseVector(1, [0], [double.NaN])));
        Assert.Equal(32, SparseAggregate.Root(encoded).Length);
    }

    public static TheoryData<string> Bad => ["nothing", "version", "dimension", "negative count", "count", "cut", "more", "descending", "twice", "bounds", "negative index", "NaN", "infinite", "negative zero"];

    [Theory]
    [MemberData(nameof(Bad))]
    public void Anything_else_is_refused(string what)
    {
        byte[] bytes = SparseAggregate.Encode(Aggregate);
        switch (what)
        {
            case "nothing": bytes = []; break;
            case "version": bytes[0] = 2; break;
            case "dimension": bytes[4] = 11; break;
            case "negative count": bytes[5] = 0xff; break;
            case "count": bytes[8] = 2; break;
            case "cut": bytes = bytes[..^1]; break;
            case "more": bytes = [.. bytes, 0]; break;
            case "descending": bytes[12] = 4; break;
            case "twice": bytes[12] = 3; break;
            case "bounds": bytes[20] = 10; break;
            case "negative index": bytes[9] = 0x80; break;
            case "NaN": BitConverter.TryWriteBytes(bytes.AsSpan(21), double.NaN); break;
            case "infinite": BitConverter.TryWriteBytes(bytes.AsSpan(21), double.PositiveInfinity); break;
            default: bytes[21 + 8 + 7] = 0x80; break;
        }

        Assert.False(SparseAggregate.TryParse(bytes, 10, out SparseVector? read));
        Assert.Null(read);
    }
}
