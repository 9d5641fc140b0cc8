using System.Security.Cryptography;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.State;

public sealed class StateSealTests
{
    private readonly byte[] _label = "label"u8.ToArray();

    [Fact]
    public void Many_threads_may_seal_and_open_at_once()
    {
        using StateSeal seal = new(new byte[32]);
        byte[] plain = RandomNumberGenerator.GetBytes(4096);
        Parallel.For(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, _ =>
        {
            byte[] box = seal.Seal(_label, plain);
            Assert.True(seal.TryOpen(_label, box, out byte[]? opened));
            Assert.Equal(plain, opened);
        });
    }
}
