using Verathos.Enclave.Memory;

namespace Verathos.Enclave.Tests.Memory;

public sealed class SecretBufferTests
{
    [Fact]
    public void TheContentIsZeroedAtTheEnd()
    {
        SecretBuffer buffer = SecretBuffer.CopyOf([1, 2, 3]);
        byte[] backing = buffer.Backing;

        buffer.Dispose();

        Assert.All(backing, octet => Assert.Equal(0, octet));
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.Append([1]));
    }

    [Fact]
    public void GrowthZeroesTheArrayLeftBehind()
    {
        using SecretBuffer buffer = new(16);
        byte[] first = buffer.Backing;
        buffer.Append(Enumerable.Repeat((byte)7, 16).ToArray());
        buffer.Append([8]);

        Assert.NotSame(first, buffer.Backing);
        Assert.All(first, octet => Assert.Equal(0, octet));
        Assert.Equal(17, buffer.Length);
        Assert.Equal(8, buffer.Span[16]);
    }

    [Fact]
    public void ClearZeroesWhatWasThere()
    {
        using SecretBuffer buffer = SecretBuffer.CopyOf([1, 2, 3]);
        buffer.Clear();

        Assert.Equal(0, buffer.Length);
        Assert.All(buffer.Backing, octet => Assert.Equal(0, octet));
    }

    [Fact]
    public void IdsAreTakenOverAndZeroed()
    {
        int[] given = [1, 2, 3];
        SecretIds ids = SecretIds.TakeFrom(given);
        int[] backing = ids.Backing;

        Assert.Equal([0, 0, 0], given);
        Assert.Equal([1, 2, 3], ids.Span.ToArray());
        ids.Dispose();
        Assert.All(backing, id => Assert.Equal(0, id));
    }

    [Fact]
    public void IdsThatGrowLeaveZeroesBehind()
    {
        using SecretIds ids = new(16);
        int[] first = ids.Backing;
        for (int i = 1; i <= 17; i++)
        {
            ids.Append(i);
        }

        Assert.All(first, id => Assert.Equal(0, id));
        Assert.Equal(Enumerable.Range(1, 17), ids.Span.ToArray());
    }

    [Fact]
    public void AStringOfItsOwnIsWipedAndALiteralIsLeftAlone()
    {
        string own = new(['a', 'b', 'c']);
        SecretText.Wipe(own);
        SecretText.Wipe("a literal");

        Assert.Equal("\0\0\0", own);
        Assert.Equal('a', "a literal"[0]);
    }
}
