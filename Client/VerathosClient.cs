using System.Runtime.CompilerServices;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Client;

/// <summary>
/// The client of confidential nodes: it verifies a node's evidence under a policy, seals requests to the attested keys, gives out
/// only authenticated text, and checks every receipt. With several nodes it goes on to the next one when a node fails before
/// its first token. Safe for concurrent use.
/// </summary>
public sealed class VerathosClient : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly Session[] _sessions;
    private int _active;

    private VerathosClient(IReadOnlyList<Uri> nodes, ClientOptions options)
    {
        _invoker = NodeHttp.CreateInvoker(options);
        _sessions = [.. nodes.Select(node => new Session(node, options, _invoker))];
        Ledger = options.Ledger;
    }

    /// <summary>The session with the node that is tried first: the one that served last.</summary>
    public Session Session => _sessions[Volatile.Read(ref _active)];

    /// <summary>The sessions in the order in which the nodes were given.</summary>
    public IReadOnlyList<Session> Sessions => _sessions;

    /// <summary>The receipts seen so far.</summary>
    public ReceiptLedger Ledger { get; }

    /// <summary>A client of nodes that are verified when they are first asked for something.</summary>
    /// <param name="nodes">Their addresses, best first.</param>
    /// <param name="options">What to trust; null is the strict production policy with the vendors' roots.</param>
    public static VerathosClient Create(IReadOnlyList<Uri> nodes, ClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        return nodes.Count > 0
            ? new VerathosClient(nodes, options ?? new ClientOptions())
            : throw new ArgumentException("name at least one node", nameof(nodes));
    }

    /// <summary>Connects to one node and verifies it.</summary>
    /// <param name="node">Its address.</param>
    /// <param name="options">What to trust; null is the strict production policy with the vendors' roots.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="VerathosException">The node could not be reached or its evidence was not accepted.</exception>
    public static Task<VerathosClient> ConnectAsync(Uri node, ClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ConnectAsync([node], options, cancellationToken);

    /// <summary>Connects to the first of several nodes that can be verified; the others stand by.</summary>
    /// <param name="nodes">Their addresses, best first.</param>
    /// <param name="options">What to trust; null is the strict production policy with the vendors' roots.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="VerathosException">No node could be verified; the failure is that of the last one.</exception>
    public static async Task<VerathosClient> ConnectAsync(IReadOnlyList<Uri> nodes, ClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        VerathosClient client = Create(nodes, options);
        try
        {
            for (int i = 0; ; i++)
            {
                try
                {
                    await client._sessions[i].AttestAsync(cancellationToken).ConfigureAwait(false);
                    client._active = i;
                    return client;
                }
                catch (VerathosException) when (i + 1 < nodes.Count)
                {
                    // The next node may do.
                }
            }
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Streams an answer. The last update carries the verified whole; an answer without it is not one.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Stops the answer; the node stops generating.</param>
    /// <exception cref="VerathosException">There is no verified answer; when text was given out before, it was authenticated, and the exception says what is proved.</exception>
    public async IAsyncEnumerable<AnswerUpdate> StreamAsync(InferenceRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        int first = Volatile.Read(ref _active);
        for (int attempt = 0; ; attempt++)
        {
            int index = (first + attempt) % _sessions.Length;
            bool last = attempt == _sessions.Length - 1;
            bool emitted = false;
            IAsyncEnumerator<AnswerUpdate> updates = _sessions[index].StreamAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (updates.ConfigureAwait(false))
            {
                bool next = false;
                while (true)
                {
                    try
                    {
                        if (!await updates.MoveNextAsync().ConfigureAwait(false))
                            yield break;
                    }
                    catch (VerathosException e) when (!last && !emitted && MayFailOver(e))
                    {
                        next = true;
                    }

                    if (next)
                        break;

                    emitted = true;
                    Volatile.Write(ref _active, index);
                    yield return updates.Current;
                }
            }
        }
    }

    /// <summary>Streams the answer to one user message.</summary>
    /// <param name="prompt">The message.</param>
    /// <param name="maxTokens">The most tokens to generate; null for the node's limit.</param>
    /// <param name="temperature">0 is greedy.</param>
    /// <param name="cancellationToken">Stops the answer.</param>
    public IAsyncEnumerable<AnswerUpdate> StreamChatAsync(string prompt, int? maxTokens = null, double temperature = 1, CancellationToken cancellationToken = default) =>
        StreamAsync(InferenceRequest.Chat([("user", prompt)], maxTokens: maxTokens, temperature: temperature), cancellationToken);

    /// <summary>The whole answer at once.</summary>
    /// <exception cref="VerathosException">There is no verified answer.</exception>
    public async Task<Answer> CompleteAsync(InferenceRequest request, CancellationToken cancellationToken = default)
    {
        Answer? answer = null;
        await foreach (AnswerUpdate update in StreamAsync(request, cancellationToken).ConfigureAwait(false))
            answer = update.Completed ?? answer;

        return answer ?? throw new VerathosException(ClientFailure.StreamBroken, "the answer ended without a receipt");
    }

    /// <summary>Asks the node that a ticket names to open the answer; see <see cref="Session.OpenAsync"/>.</summary>
    /// <param name="ticket">The answer; its node must be one of this client's.</param>
    /// <param name="ask">What to open.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VerathosException">The node refused, or the openings' statement does not hold.</exception>
    public Task<OpeningAnswer> OpenAsync(AuditTicket ticket, OpeningAsk ask, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        Session session = Array.Find(_sessions, session => session.Node == ticket.Node)
            ?? throw new ArgumentException($"{ticket.Node} is none of this client's nodes", nameof(ticket));
        return session.OpenAsync(ticket, ask, cancellationToken);
    }

    /// <summary>The models that the node serves: the OpenAI list as JSON in UTF-8, sealed on the way.</summary>
    /// <exception cref="VerathosException">No node answered.</exception>
    public Task<byte[]> GetModelsAsync(CancellationToken cancellationToken = default) => Session.GetAsync(VerathosPaths.Models, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Session session in _sessions)
            session.Dispose();

        _invoker.Dispose();
    }

    /// <summary>Another node cannot cure a request that is wrong in itself.</summary>
    private static bool MayFailOver(VerathosException e) => e.Failure switch
    {
        ClientFailure.InvalidRequest => false,
        ClientFailure.Refused => e.StatusCode is 409 or 429 or >= 500,
        _ => true,
    };
}
