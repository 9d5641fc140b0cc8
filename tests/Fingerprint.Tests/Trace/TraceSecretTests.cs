using System.Security.Cryptography;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Trace;

public class TraceSecretTests
{
    [Fact]
    public void IsTheHashOfDomainAndReceiptSecret()
    {
        byte[] receipt = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(SHA256.HashData([.. "verathos.trace-secret.v1"u8, .. receipt]), TraceSecret.Derive(receipt));
        Assert.Throws<ArgumentException>(() => TraceSecret.Derive(receipt.AsSpan(1)));
    }
}
