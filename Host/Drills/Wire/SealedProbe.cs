using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Wire;

/// <summary>
/// An attacker in the place of a client: it attests like one, seals what it likes to the attested key, and sends the bytes itself,
/// so that it can change, repeat or cut them.
/// </summary>
internal sealed class SealedProbe : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Uri _node;
    private readonly OhttpKeyConfig _key;
    private ChunkedRequestSealer? _sealer;

    private SealedProbe(Uri node, OhttpKeyConfig key, IReadOnlyList<BhttpField> fields) => (_node, _key, Fields) = (node, key, fields);

    /// <summary>The fields that every honest request has.</summary>
    public IReadOnlyList<BhttpField> Fields { get; }

    /// <summary>Attests a node.</summary>
    public static async Task<SealedProbe> AttestAsync(DrillGround ground, Uri node, CancellationToken cancellationToken)
    {
        using EvidenceFetcher fetcher = new(ShippedClient.Options(ground.Call(node)));
        FetchedEvidence fetched = await fetcher.FetchAsync(node, cancellationToken).ConfigureAwait(false);
        AppraisedEvidence evidence = EvidenceVerifier.Appraise(
            fetched.Raw, fetched.Nonce, fetched.RequestedAt, ground.Policy, ground.Anchors, ground.Time.GetUtcNow(), TimeSource.Verifier);
        if (!evidence.Verdict.IsAccepted)
        {
            throw new InvalidOperationException($"the honest node is not accepted: {evidence.Verdict.Reason}");
        }

        return new SealedProbe(node, evidence.Keyset!.KeyConfigs.First(key => key.Kem == HpkeKem.XWing),
        [
            new BhttpField(VerathosHeaders.Binding, Convert.ToHexStringLower(evidence.Binding.Span)),
            new BhttpField(VerathosHeaders.ClientNonce, RandomNumberGenerator.GetHexString(64, lowercase: true)),
            new BhttpField(VerathosHeaders.AuditCommitment, new string('6', 64)),
            new BhttpField("content-type", MediaTypes.Json),
        ]);
    }

    /// <summary>A request for a completion.</summary>
    public static BinaryRequest Request(string body, params IEnumerable<BhttpField> fields) => new()
    {
        Method = "POST",
        Scheme = "https",
        Path = VerathosPaths.Completions,
        Fields = [.. fields],
        Content = Encoding.UTF8.GetBytes(body),
    };

    /// <summary>The body of an honest request.</summary>
    public static string Body(DrillGround ground) => Encoding.UTF8.GetString(ground.Request.Encode(ground.Material.Answer.Node.ModelName));

    /// <summary>Seals a message.</summary>
    public byte[] Seal(ReadOnlySpan<byte> message) => NewSealer().SealAll(message);

    /// <summary>Seals a message in several chunks, with the final one or without it.</summary>
    public byte[] Seal(byte[] message, int pieces, bool final)
    {
        ArgumentNullException.ThrowIfNull(message);
        ChunkedRequestSealer sealer = NewSealer();
        byte[][] parts = [.. message.Chunk((message.Length + pieces - 1) / pieces)];
        return [.. sealer.Start(), .. parts[..^1].SelectMany(part => sealer.Seal(part)), .. final ? sealer.SealFinal(parts[^1]) : []];
    }

    /// <summary>Sends bytes and reads the answer with the keys of the message that was sealed last.</summary>
    public async Task<DrillOutcome> SendAsync(byte[] sealedBytes, CancellationToken cancellationToken, Uri? to = null, string type = MediaTypes.ChunkedRequest)
    {
        (int status, byte[] body) = await PostAsync(sealedBytes, cancellationToken, to, type).ConfigureAwait(false);
        return status switch
        {
            200 => Open(body),

            // The enclave's one answer to whatever does not open, which tells nobody why.
            400 when type == MediaTypes.ChunkedRequest => new DrillOutcome(
                Demo.TamperCheck.RequestAuthentic, "enclave", "the sealed request does not open; the answer is the same for every such request"),
            _ => new DrillOutcome(string.Create(CultureInfo.InvariantCulture, $"front.{status}"), "front", Encoding.UTF8.GetString(body).Trim()),
        };
    }

    /// <summary>Sends bytes and gives the outer status and body.</summary>
    public async Task<(int Status, byte[] Body)> PostAsync(byte[] sealedBytes, CancellationToken cancellationToken, Uri? to = null, string type = MediaTypes.ChunkedRequest)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(to ?? _node, VerathosPaths.Gateway)) { Content = new ByteArrayContent(sealedBytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A fresh opener for answers to the message that was sealed last.</summary>
    public ChunkedResponseOpener CreateOpener() => _sealer!.CreateResponseOpener();

    public void Dispose()
    {
        _sealer?.Dispose();
        _http.Dispose();
    }

    private ChunkedRequestSealer NewSealer()
    {
        _sealer?.Dispose();
        return ChunkedRequestSealer.TryCreate(_key, out _sealer) ? _sealer : throw new InvalidOperationException("the attested key does not take a seal");
    }

    private DrillOutcome Open(byte[] body)
    {
        using ResponseStreamOpener opener = new(_sealer!.CreateResponseOpener());
        if (opener.Feed(body) != ExchangeError.None || opener.Complete() != ExchangeError.None)
        {
            return DrillOutcome.Through("an answer came that does not open");
        }

        int status = 0;
        List<byte> content = [];
        while (opener.TryRead(out ResponsePart part))
        {
            status = part.Kind == BhttpPartKind.Head ? part.Status : status;
            if (part.Kind == BhttpPartKind.Content)
            {
                content.AddRange(part.Content.Span);
            }
        }

        string text = Encoding.UTF8.GetString([.. content]);
        return status == 200
            ? DrillOutcome.Through("the enclave answered") with { Text = text }
            : new DrillOutcome($"enclave.{ShippedClient.CodeOf(text) ?? status.ToString(CultureInfo.InvariantCulture)}", "enclave", text.Trim());
    }
}
