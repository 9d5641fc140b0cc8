using System.Net;
using Verathos.Host.Configuration;

namespace Verathos.Host.Limits;

/// <summary>
/// Bounds the sealed requests that are still arriving, in all and for each client, and with them the memory that they take.
/// </summary>
internal sealed class Arrivals(LimitsConfiguration limits)
{
    private readonly Lock _lock = new();
    private readonly ClientNetworks _networks = new(limits);
    private readonly Dictionary<IPAddress, int> _clients = [];
    private int _all;

    /// <summary>Counts one more arriving request, until <see cref="Leave"/> with the same address.</summary>
    /// <param name="remote">The connection's remote address.</param>
    /// <returns>False when as many arrive as may.</returns>
    public bool TryEnter(IPAddress? remote)
    {
        IPAddress? client = _networks.Find(remote);
        lock (_lock)
        {
            int own = client is null ? 0 : _clients.GetValueOrDefault(client);
            if (_all >= limits.Arriving || own >= limits.ClientArriving)
            {
                return false;
            }

            _all++;
            if (client is not null)
            {
                _clients[client] = own + 1;
            }

            return true;
        }
    }

    /// <summary>Ends what <see cref="TryEnter"/> began.</summary>
    public void Leave(IPAddress? remote)
    {
        IPAddress? client = _networks.Find(remote);
        lock (_lock)
        {
            _all--;
            if (client is not null && --_clients[client] == 0)
            {
                _clients.Remove(client);
            }
        }
    }
}
