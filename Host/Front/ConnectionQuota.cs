using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Verathos.Host.Front;

/// <summary>
/// Bounds the connections of all the endpoints that share it. The server's own limit counts for each endpoint by itself, and there
/// is one for each address and one more for HTTP/2 with prior knowledge.
/// </summary>
internal sealed class ConnectionQuota(int limit)
{
    private int _open;

    /// <summary>Closes the endpoint's connections beyond the limit; before everything else that the endpoint does.</summary>
    public void Use(ListenOptions options) => options.Use(next => async connection =>
    {
        if (Interlocked.Increment(ref _open) > limit)
        {
            Interlocked.Decrement(ref _open);
            return;
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    });
}
