using System.Net;

namespace Verathos.Client.Proxy;

/// <summary>How the local OpenAI-compatible server listens.</summary>
public sealed record ProxyOptions
{
    /// <summary>Where to listen. Only loopback addresses are taken; port 0 picks a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8417);

    /// <summary>The key that callers must send as <c>Authorization: Bearer</c>; null asks for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The largest request body in bytes.</summary>
    public int MaximumBody { get; init; } = 4 * 1024 * 1024;
}
