using System.Net;
using System.Net.Sockets;
using Verathos.Host.Configuration;

namespace Verathos.Host.Limits;

/// <summary>Tells clients apart: an IPv4 address, or an IPv6 /64 network, is one client; exempt networks are none.</summary>
internal sealed class ClientNetworks(LimitsConfiguration limits)
{
    private readonly IPNetwork[] _exempt = [.. limits.ExemptClients.Select(network => IPNetwork.Parse(network))];

    /// <summary>The client behind a connection's remote address.</summary>
    /// <returns>Null for a Unix socket and for exempt networks.</returns>
    public IPAddress? Find(IPAddress? remote)
    {
        if (remote is null)
        {
            return null;
        }

        IPAddress address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        if (_exempt.Any(network => network.Contains(address)))
        {
            return null;
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
