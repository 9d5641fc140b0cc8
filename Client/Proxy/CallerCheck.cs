using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Verathos.Client.Proxy;

/// <summary>
/// Decides whether a request may come from a program of this machine's user. A web page can make a browser send requests to
/// loopback, under a name that it rebinds to 127.0.0.1 or across origins: the Host header must therefore name loopback, and an
/// Origin header, which only browsers send, must be the server's own.
/// </summary>
internal sealed class CallerCheck
{
    private readonly byte[]? _keyHash;

    private readonly string _address;

    /// <param name="listen">The loopback address listened on: a name of the server's own, besides the usual ones.</param>
    /// <param name="apiKey">The key that callers must send; null asks for none.</param>
    public CallerCheck(IPAddress listen, string? apiKey)
    {
        _address = listen.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{listen}]" : listen.ToString();
        _keyHash = apiKey is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(apiKey));
    }

    /// <summary>Null when the request may pass; otherwise the status and the OpenAI error code and message.</summary>
    public (int Status, string Code, string Message)? Refusal(HttpRequest request)
    {
        int port = request.HttpContext.Connection.LocalPort;
        if (request.HttpContext.Connection.RemoteIpAddress is not { } remote || !IPAddress.IsLoopback(remote))
            return (403, "not_loopback", "this server answers programs on its own machine only");

        if (!IsOwnName(request.Host, port))
            return (403, "host_not_allowed", "the Host header must name this server: the address that it listens on, 127.0.0.1, [::1] or localhost, and its port");

        if (request.Headers.Origin.Count > 0 && !IsOwnOrigin(request.Headers.Origin.ToString(), port))
            return (403, "origin_not_allowed", "web pages of other origins may not call this server");

        if (_keyHash is not null && !HasKey(request))
            return (401, "invalid_api_key", "send the key given with --api-key as Authorization: Bearer");

        return null;
    }

    private bool IsOwnName(HostString host, int port) =>
        host.HasValue
        && (host.Port ?? 80) == port
        && IsOwnName(host.Host);

    private bool IsOwnOrigin(string origin, int port) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
        && uri.Scheme == Uri.UriSchemeHttp
        && uri.Port == port
        && IsOwnName(uri.Host);

    private bool IsOwnName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]" || host == _address;

    private bool HasKey(HttpRequest request)
    {
        const string scheme = "Bearer ";
        string header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return false;

        // Hashing first makes the comparison independent of the key's length.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(header[scheme.Length..].Trim()));
        return CryptographicOperations.FixedTimeEquals(hash, _keyHash);
    }
}
