namespace Verathos.Host.Configuration;

/// <summary>What one client, and all clients together, may take.</summary>
public sealed record LimitsConfiguration
{
    /// <summary>Longest sealed request in bytes; a longer one is answered 413.</summary>
    public long BodyBytes { get; init; } = 1 << 20;

    /// <summary>Longest request header section in bytes; a longer one is answered 431.</summary>
    public int HeaderBytes { get; init; } = 16 << 10;

    /// <summary>Connections open at once, over all addresses.</summary>
    public int Connections { get; init; } = 1024;

    /// <summary>Sealed requests that the enclave works on at once.</summary>
    public int Concurrency { get; init; } = 64;

    /// <summary>Sealed requests that wait for a place; one more is answered 429.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>Sealed requests that are still arriving; they take no place of <see cref="Concurrency"/> or <see cref="Queue"/>.</summary>
    public int Arriving { get; init; } = 256;

    /// <summary>Sealed requests of one client address that are still arriving.</summary>
    public int ClientArriving { get; init; } = 64;

    /// <summary>Requests for evidence that wait or run at once.</summary>
    public int Evidence { get; init; } = 64;

    /// <summary>Requests a minute that one client address may make in the long run.</summary>
    public int ClientPerMinute { get; init; } = 3000;

    /// <summary>Requests that one client address may make at once before <see cref="ClientPerMinute"/> counts.</summary>
    public int ClientBurst { get; init; } = 300;

    /// <summary>Networks whose clients are not counted, such as an OHTTP relay's: <c>192.0.2.0/24</c>.</summary>
    public IReadOnlyList<string> ExemptClients { get; init; } = [];
}
