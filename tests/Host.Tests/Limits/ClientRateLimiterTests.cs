using System.Net;
using Microsoft.Extensions.Time.Testing;
using Verathos.Host.Configuration;
using Verathos.Host.Limits;

namespace Verathos.Host.Tests.Limits;

public sealed class ClientRateLimiterTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");
    private static readonly LimitsConfiguration Limits = new() { ClientPerMinute = 60, ClientBurst = 3 };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_client_has_its_burst_and_then_its_rate()
    {
        ClientRateLimiter limiter = new(Limits, _time);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => limiter.TryTake(One, out TimeSpan _)));
        Assert.False(limiter.TryTake(One, out TimeSpan wait));
        Assert.Equal(1, wait.TotalSeconds, 3);

        _time.Advance(wait);

        Assert.True(limiter.TryTake(One, out _));
        Assert.False(limiter.TryTake(One, out _));
    }

    [Fact]
    public void Clients_do_not_share()
    {
        ClientRateLimiter limiter = new(Limits, _time);
        Assert.All(Enumerable.Range(0, 3), _ => Assert.True(limiter.TryTake(One, out TimeSpan _)));

        Assert.False(limiter.TryTake(One, out _));
        Assert.True(limiter.TryTake(Two, out _));
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    public void An_IPv6_network_is_one_client(string first, string second, bool same)
    {
        ClientRateLimiter limiter = new(Limits, _time);
        Assert.All(Enumerable.Range(0, 3), _ => Assert.True(limiter.TryTake(IPAddress.Parse(first), out TimeSpan _)));

        Assert.Equal(!same, limiter.TryTake(IPAddress.Parse(second), out _));
    }

    [Fact]
    public void An_exempt_network_is_not_counted()
    {
        ClientRateLimiter limiter = new(Limits with { ExemptClients = ["192.0.2.0/31"] }, _time);

        Assert.All(Enumerable.Range(0, 9), _ => Assert.True(limiter.TryTake(One, out TimeSpan _)));
    }

    [Fact]
    public void The_table_of_clients_is_bounded_and_newcomers_share()
    {
        ClientRateLimiter limiter = new(Limits, _time, mostClients: 2);
        Assert.True(limiter.TryTake(One, out _));
        Assert.True(limiter.TryTake(Two, out _));
        bool[] newcomers = [.. Enumerable.Range(1, 4).Select(i => limiter.TryTake(IPAddress.Parse($"198.51.100.{i}"), out TimeSpan _))];

        Assert.Equal([true, true, true, false], newcomers);
        Assert.Equal(2, limiter.Count);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(limiter.TryTake(IPAddress.Parse("198.51.100.9"), out _));
        Assert.Equal(1, limiter.Count);
    }
}
