using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation.Binding;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Client.Tests.Nodes;

/// <summary>
/// The server's side of the protocol, written over its own types with real keys, real seals and real signatures, in one process:
/// a test can make it sign and seal anything, which an honest enclave would not.
/// </summary>
internal sealed class TestNode : HttpMessageHandler
{
    public const string ModelName = "test-model";

    public static readonly int[] PromptIds = [7, 11, 13];

    private readonly Installation _installation;
    private readonly HashSet<string> _bindings = [];

    public TestNode(Installation installation, FakeTimeProvider clock, params HpkeKem[] kems)
    {
        _installation = installation;
        Clock = clock;
        Kems = kems.Length > 0 ? kems : [HpkeKem.XWing, HpkeKem.X25519];
        Keys = new TestKeys(clock.GetUtcNow(), KeysetLife, Kems);
    }

    public FakeTimeProvider Clock { get; }

    public IReadOnlyList<HpkeKem> Kems { get; set; }

    public TimeSpan KeysetLife { get; set; } = TimeSpan.FromMinutes(50);

    public TestKeys Keys { get; private set; }

    public Tampering Tampering { get; } = new();

    public NodeConfiguration Configuration { get; set; } = new(NodeConfiguration.InProcess, "test engine 1", "f32", new NodeLimits(1 << 20, 1024, 1024, 8), true, true, false);

    public byte[] ManifestRoot { get; set; } = SHA256.HashData("test weights"u8);

    /// <summary>Makes it a node with several models.</summary>
    public ModelSet? Several
    {
        get;
        set
        {
            field = value;
            ManifestRoot = value!.Root;
        }
    }

    /// <summary>The answer, a token a piece.</summary>
    public IReadOnlyList<(int Id, string Text)> Script { get; set; } = [.. Enumerable.Range(0, 5).Select(i => (100 + i, $"word{i} "))];

    /// <summary>Steps of an answer.</summary>
    public int Steps => PromptIds.Length + Script.Count - 1;

    /// <summary>The last request for openings as the node read it.</summary>
    public OpeningRequest? LastOpening { get; set; }

    /// <summary>Answers with this sealed status instead, once for each entry.</summary>
    public Queue<(int Status, string Body)> SealedErrors { get; } = new();

    /// <summary>Answers with this outer status instead, once for each entry.</summary>
    public Queue<int> OuterErrors { get; } = new();

    /// <summary>Runs after the client has asked and before the node reads the request's body.</summary>
    public Action? BeforeBody { get; set; }

    /// <summary>Done once the client waits for more than there is.</summary>
    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<string> Log { get; } = [];

    public int EvidenceRequests { get; private set; }

    public int SealedRequests { get; private set; }

    /// <summary>The last request as the node read it.</summary>
    public BinaryRequest? LastRequest { get; private set; }

    /// <summary>The length of the last encapsulated request in bytes.</summary>
    public int LastLength { get; private set; }

    /// <summary>Makes new keys and forgets the old ones.</summary>
    public void Rotate()
    {
        Keys = new TestKeys(Clock.GetUtcNow(), KeysetLife, Kems);
        _bindings.Clear();
    }

    public byte[] Evidence(byte[] nonce)
    {
        NonceBatch batch = NonceBatch.Build([nonce]);
        byte[] keysetDigest = Keys.Keyset.Digest.ToArray();
        byte[] configuration = Configuration.Encode();
        MintedGpuEvidence gpu = _installation.Gpu.Mint(new GpuReportSpec { Nonce = GpuNonce.Derive(batch.Root, keysetDigest) });
        GpuEvidence[] gpus = [new(gpu.Report, gpu.CertificateChain)];
        BindingInput binding = new()
        {
            NonceRoot = batch.Root,
            KeysetDigest = keysetDigest,
            ManifestRoot = ManifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute([.. gpus.Select(g => new Attestation.GpuEvidence(g.Report, g.CertificateChain))]),
            ConfigurationDigest = SHA256.HashData(configuration),
            Identity = null,
        };
        _bindings.Add(Convert.ToHexStringLower(binding.Compute()));
        return new EvidenceCollection
        {
            CpuFormat = "tdx-quote",
            CpuEvidence = _installation.Tdx.Mint(new TdxQuoteSpec { ReportData = binding.ToReportData() }),
            Gpus = gpus,
            Keyset = Keys.Keyset.Encoded,
            Configuration = configuration,
            Manifest = Several?.Encode() ?? new DeterministicCborMap().Add(1, 1UL).Add(2, ModelName).Add(3, ManifestRoot).Add(4, 9UL).Add(5, 1000UL).Add(6, 10UL).Encode(),
            NonceProof = new Protocol.Evidence.NonceProof(0, 1, []),
            CpuCollateral = _installation.Collateral.Current,
            GpuRims = [_installation.Rim.Driver, _installation.Rim.Vbios],
            GpuOcspResponses = [.. _installation.Ocsp.Current(_installation.Gpu.CertificateChain(0)).Select(answer => (ReadOnlyMemory<byte>)answer)],
        }.Encode();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Log.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
        if (request.RequestUri.AbsolutePath == VerathosPaths.Evidence)
        {
            EvidenceRequests++;
            byte[] evidence = Evidence(Convert.FromHexString(request.RequestUri.Query["?nonce=".Length..]));
            return Reply(MediaTypes.Evidence, new MemoryStream(Tampering.Evidence?.Invoke(evidence) ?? evidence));
        }

        BeforeBody?.Invoke();
        byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        SealedRequests++;
        LastLength = body.Length;
        if (OuterErrors.TryDequeue(out int status))
            return new HttpResponseMessage((HttpStatusCode)status);

        using ChunkedRequestOpener opener = new(Keys.Hpke, 1 << 22);
        opener.Feed(body);
        opener.Complete();
        List<byte> plain = [];
        while (opener.TryRead(out OhttpChunk chunk))
            plain.AddRange(chunk.Plaintext.Span);

        if (opener.Error != OhttpError.None || !BinaryRequest.TryParse(plain.ToArray(), out BinaryRequest? inner, out _))
            return new HttpResponseMessage(HttpStatusCode.BadRequest);

        LastRequest = inner;
        List<byte[]> pieces = Answer(inner, opener);
        pieces = Tampering.Wire?.Invoke(pieces) ?? pieces;
        return Reply(MediaTypes.ChunkedResponse, Tampering.Body?.Invoke(pieces) ?? new PieceStream(pieces, Tampering.BreakConnection, Tampering.Hang ? Hanging : null));
    }

    private List<byte[]> Answer(BinaryRequest inner, ChunkedRequestOpener opener)
    {
        if (SealedErrors.TryDequeue(out (int Status, string Body) error))
            return Plain(opener, error.Status, error.Body);

        if (inner.Path == VerathosPaths.Models)
            return Plain(opener, 200, $$"""{"object":"list","data":[{"id":"{{ModelName}}","object":"model"}]}""");

        if (_bindings.Contains(inner.SingleField(VerathosHeaders.Binding)!) && inner.Path == VerathosPaths.Openings)
            return TestOpening.Write(this, inner, opener);

        if (_bindings.Contains(inner.SingleField(VerathosHeaders.Binding)!))
        {
            using TestAnswer answer = new(this, inner, opener);
            return answer.Write();
        }

        return Plain(opener, 409, """{"error":{"message":"binding mismatch","type":"invalid_request_error","param":null,"code":"binding_mismatch"}}""");
    }

    private static List<byte[]> Plain(ChunkedRequestOpener opener, int status, string body)
    {
        using ResponseStreamSealer sealer = new(opener.CreateResponseSealer(), null);
        return [sealer.Start(status, [new BhttpField("content-type", "application/json")]), sealer.Write(Encoding.UTF8.GetBytes(body)), sealer.Finish([])];
    }

    private static HttpResponseMessage Reply(string mediaType, Stream body)
    {
        HttpResponseMessage response = new(HttpStatusCode.OK) { Content = new StreamContent(body) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return response;
    }
}
