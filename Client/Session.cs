using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Openings;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Client;

/// <summary>
/// One node and the trust in it. Evidence is verified once and relied on until the keyset or the policy's maximum age ends it;
/// a request that finds trust ended, or the node's keys changed, attests again and is sealed anew.
/// </summary>
public sealed class Session : IDisposable
{
    private readonly ClientOptions _options;
    private readonly NodeHttp _http;
    private readonly SemaphoreSlim _attesting = new(1, 1);
    private volatile AttestedNode? _current;

    internal Session(Uri node, ClientOptions options, HttpMessageInvoker invoker)
    {
        Node = node;
        _options = options;
        _http = new NodeHttp(node, options, invoker);
        Policy = options.Policy ?? Policy.BuiltIn("tdx-h100");
        Anchors = options.TrustAnchors ?? TrustAnchors.Production;
    }

    /// <summary>The node's address.</summary>
    public Uri Node { get; }

    /// <summary>The policy that rules on the node.</summary>
    public Policy Policy { get; }

    /// <summary>The roots in use.</summary>
    public TrustAnchors Anchors { get; }

    /// <summary>The node as it was attested last; null before the first time.</summary>
    public AttestedNode? Current => _current;

    /// <summary>The latest verdict; a rejection before there is one.</summary>
    public Verdict Verdict => _current?.Verdict ?? default;

    /// <summary>True when what is trusted here is simulated.</summary>
    public bool Simulated => Anchors.Simulated;

    /// <summary>How often evidence was fetched and accepted.</summary>
    public int Attestations { get; private set; }

    /// <summary>The node with keys that may be sealed to now; attests when there is no valid trust.</summary>
    /// <exception cref="VerathosException">The evidence could not be had or was not accepted.</exception>
    public ValueTask<AttestedNode> GetTrustedAsync(CancellationToken cancellationToken = default) =>
        _current is { IsTrusted: true } node ? ValueTask.FromResult(node) : new ValueTask<AttestedNode>(AttestAsync(_current, cancellationToken));

    /// <summary>Fetches evidence for a fresh nonce and appraises it, whatever is trusted now.</summary>
    /// <exception cref="VerathosException">The evidence could not be had or was not accepted.</exception>
    public Task<AttestedNode> AttestAsync(CancellationToken cancellationToken = default) => AttestAsync(_current, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _attesting.Dispose();

    /// <summary>Streams an answer, attesting again at most once as long as no text was given out.</summary>
    internal async IAsyncEnumerable<AnswerUpdate> StreamAsync(InferenceRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool renewed = false;
        while (true)
        {
            AttestedNode node = await GetTrustedAsync(cancellationToken).ConfigureAwait(false);
            AnswerStream stream = new(_http, node, request, _options, cancellationToken);
            await using (stream.ConfigureAwait(false))
            {
                AnswerUpdate? update;
                try
                {
                    update = await stream.NextAsync().ConfigureAwait(false);
                }
                catch (VerathosException e) when (!renewed && IsStale(e))
                {
                    renewed = true;
                    await AttestAsync(node, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                while (update is not null)
                {
                    yield return update;
                    update = await stream.NextAsync().ConfigureAwait(false);
                }

                yield break;
            }
        }
    }

    /// <summary>Sends a sealed request without a receipt, such as the list of models, and gives the sealed answer's body.</summary>
    internal async Task<byte[]> GetAsync(string path, CancellationToken cancellationToken)
    {
        bool renewed = false;
        while (true)
        {
            AttestedNode node = await GetTrustedAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                using SealedExchange exchange = new(node, null, "GET", path, _options.TimeProvider);
                return await PlainAnswer.ReadAsync(_http, exchange, cancellationToken).ConfigureAwait(false);
            }
            catch (VerathosException e) when (!renewed && IsStale(e))
            {
                renewed = true;
                await AttestAsync(node, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks the node to open an answer's computation. The openings' form and statement are checked; what they show is for a validator to judge.</summary>
    /// <param name="ticket">The answer; from this node, whatever address it had.</param>
    /// <param name="ask">What to open.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VerathosException">The node refused, or the openings' statement does not hold; <see cref="VerathosException.Check"/> says how.</exception>
    public async Task<OpeningAnswer> OpenAsync(AuditTicket ticket, OpeningAsk ask, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        ArgumentNullException.ThrowIfNull(ask);
        byte[] secret = ticket.AuditSecret.ToArray();
        byte[] content = new OpeningRequest(ticket.ReceiptDigest, secret, ask).Encode();
        CryptographicOperations.ZeroMemory(secret);
        try
        {
            bool renewed = false;
            while (true)
            {
                AttestedNode node = await GetTrustedAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    using SealedExchange exchange = new(node, VerathosPaths.Openings, content, OpeningRequest.MediaType, _options.TimeProvider);
                    return await OpeningStream.ReadAsync(_http, exchange, ticket, ask, cancellationToken).ConfigureAwait(false);
                }
                catch (VerathosException e) when (!renewed && IsStale(e))
                {
                    renewed = true;
                    await AttestAsync(node, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>What a person most likely wants to know about evidence that says of itself that it is simulated.</summary>
    private string Hint(AppraisedEvidence evidence) =>
        evidence.Configuration is { Simulated: true } && !Policy.Simulated
            ? "; the node says that it is SIMULATED: take it with --allow-simulated, only to try things out"
            : "";

    /// <summary>Whether fresh evidence may cure this: the keys went stale before anything was answered.</summary>
    private static bool IsStale(VerathosException e) => e switch
    {
        { Failure: ClientFailure.TrustExpired } => true,
        { Failure: ClientFailure.Refused, StatusCode: 409 } => true,
        { Failure: ClientFailure.Protocol, StatusCode: 400 or 409 } => true,
        _ => false,
    };

    private async Task<AttestedNode> AttestAsync(AttestedNode? stale, CancellationToken cancellationToken)
    {
        await _attesting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Somebody else may have renewed trust while this call waited.
            if (_current is { IsTrusted: true } renewed && !ReferenceEquals(renewed, stale))
                return renewed;

            AttestedNode node = await FetchAsync(cancellationToken).ConfigureAwait(false);
            _current = node;
            Attestations++;
            return node;
        }
        finally
        {
            _attesting.Release();
        }
    }

    private async Task<AttestedNode> FetchAsync(CancellationToken cancellationToken)
    {
        if (!Policy.Admits(Anchors, out string? misfit))
            throw new VerathosException(ClientFailure.EvidenceRejected, misfit!) { Check = CheckNames.PolicyTrustAnchor };

        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        DateTimeOffset requestedAt = _options.TimeProvider.GetUtcNow();
        byte[] raw = await _http.GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false);
        DateTimeOffset at = _options.TimeProvider.GetUtcNow();
        AppraisedEvidence evidence = EvidenceVerifier.Appraise(raw, nonce, requestedAt, Policy, Anchors, at, TimeSource.Verifier);
        Verdict verdict = evidence.Verdict;
        if (!verdict.IsAccepted)
        {
            ClientFailure failure = verdict.Kind switch
            {
                VerdictKind.Malformed => ClientFailure.EvidenceMalformed,
                VerdictKind.Unsupported => ClientFailure.EvidenceUnsupported,
                _ => ClientFailure.EvidenceRejected,
            };
            throw new VerathosException(failure, $"the evidence of {Node} is not accepted by policy {Policy.Name}: {verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}{Hint(evidence)}")
            {
                Check = verdict.Reason,
                Verdict = verdict,
            };
        }

        if (verdict.Simulated && !_options.AllowSimulated)
        {
            throw new VerathosException(ClientFailure.SimulatedNotAllowed, $"the evidence of {Node} is SIMULATED; allow that only to try things out (--allow-simulated)")
            {
                Verdict = verdict,
            };
        }

        OhttpKeyConfig key = KeyChoice.Choose(evidence.Keyset!.KeyConfigs, Policy) ?? throw new VerathosException(
            ClientFailure.NoUsableKey,
            $"the keyset of {Node} has no key that the policy and this client both take")
        { Verdict = verdict };
        DateTimeOffset until = evidence.Keyset.NotAfter;
        if (verdict.TrustedUntil is { } bound && bound < until)
            until = bound;

        return new AttestedNode(Node, evidence, Policy, key, until, _options);
    }
}
