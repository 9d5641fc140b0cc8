using System.Net.Sockets;

namespace Verathos.Bench.Node;

/// <summary>Counts HTTP exchanges and the connections that they opened.</summary>
internal sealed class CountingHandler : DelegatingHandler
{
    private int _exchanges;
    private int _connections;

    public CountingHandler()
    {
        InnerHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, token) =>
            {
                Interlocked.Increment(ref _connections);
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, token).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
    }

    public int Exchanges => Volatile.Read(ref _exchanges);

    public int Connections => Volatile.Read(ref _connections);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _exchanges);
        return base.SendAsync(request, cancellationToken);
    }
}
