using System.Security.Cryptography;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Requests;

/// <summary>
/// One request to one attested node and the keys of its answer. It is sealed at the moment its bytes leave, so that a call that
/// waited in a queue past the end of trust is never sent.
/// </summary>
internal sealed class SealedExchange : IDisposable
{
    private const int PaddingBucket = 1024;

    private readonly TimeProvider _clock;
    private readonly string _method;
    private readonly string _path;
    private readonly byte[] _auditSecret = RandomNumberGenerator.GetBytes(32);
    private ChunkedRequestSealer? _sealer;
    private long _started;

    /// <summary>An exchange that carries no inference.</summary>
    /// <param name="node">To whom.</param>
    /// <param name="path">The path inside the seal.</param>
    /// <param name="content">The content, which stays the caller's.</param>
    /// <param name="contentType">Its media type.</param>
    /// <param name="clock">The clock.</param>
    public SealedExchange(AttestedNode node, string path, byte[] content, string contentType, TimeProvider clock)
        : this(node, null, "POST", path, clock) => (_content, _contentType) = (content, contentType);

    public SealedExchange(AttestedNode node, InferenceRequest? request, string method, string path, TimeProvider clock)
    {
        Node = node;
        _request = request;
        _method = method;
        _path = path;
        _clock = clock;
        _started = clock.GetTimestamp();
        AuditCommitment = SHA256.HashData(_auditSecret);
    }

    private readonly InferenceRequest? _request;
    private readonly byte[]? _content;
    private readonly string _contentType = MediaTypes.Json;

    public AttestedNode Node { get; }

    public InferenceRequest Request => _request ?? throw new InvalidOperationException("this exchange carries no inference");

    /// <summary>The model that is asked for, where the node's manifest has several; else null.</summary>
    public string? Model => Node.Statement.Models.Count == 0 ? null : Request.Model ?? Node.ModelName;

    public byte[] ClientNonce { get; } = RandomNumberGenerator.GetBytes(32);

    public byte[] AuditCommitment { get; }

    /// <summary>SHA-256 over the encapsulated request; empty before it was sealed.</summary>
    public byte[] RequestDigest { get; private set; } = [];

    public DateTimeOffset SentAt { get; private set; }

    public DateTimeOffset Now => _clock.GetUtcNow();

    public TimeSpan Elapsed => _clock.GetElapsedTime(_started);

    /// <summary>Seals the request with fresh keys and writes it.</summary>
    /// <exception cref="VerathosException"><see cref="ClientFailure.TrustExpired"/> when trust has ended; nothing is written then.</exception>
    public async Task WriteAsync(Stream output, CancellationToken cancellationToken)
    {
        byte[] plain = Encode();
        try
        {
            byte[] sealedBytes = Seal(plain);
            await output.WriteAsync(sealedBytes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public ChunkedResponseOpener CreateResponseOpener() =>
        _sealer?.CreateResponseOpener() ?? throw new InvalidOperationException("the request has not been sealed");

    /// <summary>What audits the answer later.</summary>
    public AuditTicket Ticket(byte[] receipt, Transcript transcript) => AuditTicket.Of(Node, receipt, transcript, _auditSecret);

    public void Dispose()
    {
        _sealer?.Dispose();
        CryptographicOperations.ZeroMemory(_auditSecret);
    }

    private byte[] Seal(byte[] plain)
    {
        if (!Node.IsTrusted)
            throw new VerathosException(ClientFailure.TrustExpired, "trust in the node's evidence ended before the request could leave");

        SentAt = _clock.GetUtcNow();
        _started = _clock.GetTimestamp();
        _sealer?.Dispose();
        if (!ChunkedRequestSealer.TryCreate(Node.Key, out _sealer))
            throw new VerathosException(ClientFailure.NoUsableKey, "the node's HPKE key is not a valid public key");

        byte[] message = _sealer.SealAll(plain);
        RequestDigest = _sealer.RequestDigest.ToArray();
        return message;
    }

    /// <summary>The request in binary HTTP, padded with zeros (RFC 9292 section 3.8) so that its length says little of the prompt's.</summary>
    private byte[] Encode()
    {
        List<BhttpField> fields =
        [
            new(VerathosHeaders.Binding, Convert.ToHexStringLower(Node.Statement.Binding)),
            new(VerathosHeaders.ClientNonce, Convert.ToHexStringLower(ClientNonce)),
            new(VerathosHeaders.AuditCommitment, Convert.ToHexStringLower(AuditCommitment)),
        ];
        if (_request is not null || _content is not null)
            fields.Add(new("content-type", _contentType));

        byte[] message = new BinaryRequest
        {
            Method = _method,
            Scheme = "https",
            Authority = "",
            Path = _path,
            Fields = fields,
            Content = _content ?? _request?.Encode(Node.ModelName) ?? default(ReadOnlyMemory<byte>),
        }.Encode();
        byte[] padded = new byte[(message.Length + PaddingBucket - 1) / PaddingBucket * PaddingBucket];
        message.CopyTo(padded, 0);
        CryptographicOperations.ZeroMemory(message);
        return padded;
    }
}
