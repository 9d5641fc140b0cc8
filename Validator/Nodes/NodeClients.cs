using System.Collections.Concurrent;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>The ordinary clients that a validator reaches nodes with, one for each address. They differ in nothing from anybody else's.</summary>
/// <param name="options">What to trust; the ledger in it is shared.</param>
public sealed class NodeClients(ClientOptions options) : IDisposable
{
    private readonly ConcurrentDictionary<(string Name, Uri Url), Lazy<VerathosClient>> _clients = new();

    /// <summary>The receipts seen by all of them.</summary>
    public ReceiptLedger Ledger => options.Ledger;

    /// <summary>The client of a node, attested or not.</summary>
    public VerathosClient Of(NodeRow node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return _clients.GetOrAdd((node.Name, node.Url), key => new Lazy<VerathosClient>(() => VerathosClient.Create([key.Url], options))).Value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Lazy<VerathosClient> client in _clients.Values.Where(static client => client.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }
}
