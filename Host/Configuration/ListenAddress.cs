using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Verathos.Host.Configuration;

/// <summary>An address to listen on: scheme, host and port.</summary>
public sealed record ListenAddress
{
    private ListenAddress(string text, bool secure, IPAddress? address, int port) =>
        (Text, Secure, Address, Port) = (text, secure, address, port);

    /// <summary>The address as it was given.</summary>
    public string Text { get; }

    /// <summary>True for https.</summary>
    public bool Secure { get; }

    /// <summary>The interface's address, or null for <c>localhost</c> (both loopback addresses).</summary>
    public IPAddress? Address { get; }

    /// <summary>The TCP port; 0 lets the system choose.</summary>
    public int Port { get; }

    /// <summary>Parses <c>http://HOST:PORT</c> or <c>https://HOST:PORT</c>; the host is an IP address, <c>localhost</c> or <c>*</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenAddress? address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        string any = text.Replace("://*", "://0.0.0.0", StringComparison.Ordinal);
        if (!Uri.TryCreate(any, UriKind.Absolute, out Uri? uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.PathAndQuery != "/" || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            return false;
        }

        IPAddress? ip = null;
        if (uri.Host != "localhost" && !IPAddress.TryParse(uri.Host.Trim('[', ']'), out ip))
        {
            return false;
        }

        address = new ListenAddress(text, uri.Scheme == Uri.UriSchemeHttps, ip, uri.Port);
        return true;
    }
}
