using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;
using Verathos.Simulator;
using Verathos.Testing;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>An enclave on a tiny random model and a simulated machine, with a client's side to talk to it.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private static readonly Lazy<Installation> SharedInstallation = new(() =>
        Installation.OpenOrCreate(RunFolder.Path("authorities")));

    private TestNode(EnclaveCore core) => Core = core;

    public static Installation Installation => SharedInstallation.Value;

    public EnclaveCore Core { get; }

    public static ModelConfig TinyShape { get; } = new()
    {
        VocabularySize = 300,
        HiddenSize = 32,
        IntermediateSize = 64,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 8,
        MaxPositions = 4096,
        RopeTheta = 10000,
        RmsNormEpsilon = 1e-5,
        TiedEmbeddings = true,
    };

    public static LoadedModel TinyModel(int seed = 1) => RandomModel.Create(TinyShape, seed, new LoadOptions { Name = "tiny", Threads = 1, Profile = NumericProfile.Served });

    public static async Task<TestNode> StartAsync(EnclaveOptions? options = null, TimeProvider? time = null, IPlatformDriver? driver = null, LoadedModel? model = null) =>
        new(await EnclaveCore.StartAsync(model ?? TinyModel(), driver ?? new SimulatedDriver(Installation, 0), options ?? new EnclaveOptions(), time));

    public ValueTask DisposeAsync() => Core.DisposeAsync();

    public Task<TestEvidence> AttestAsync() => AttestAsync(Core);

    public static async Task<TestEvidence> AttestAsync(IEnclave enclave)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        byte[] encoded = await enclave.GetEvidenceAsync(nonce);
        Assert.True(EvidenceCollection.TryDecode(encoded, out EvidenceCollection? collection, out string? error), error);
        Assert.True(Keyset.TryParse(collection.Keyset, out Keyset? keyset, out error), error);
        return new TestEvidence(nonce, collection, keyset);
    }

    /// <summary>Seals a chat with the fields that every client sends.</summary>
    public static TestRequest Chat(TestEvidence evidence, string members = "", string content = "hello", HpkeKem kem = HpkeKem.XWing) =>
        Seal(evidence, VerathosPaths.ChatCompletions, $$"""{"model":"tiny","messages":[{"role":"user","content":"{{content}}"}]{{(members.Length > 0 ? "," : "")}}{{members}}}""", kem: kem);

    public static TestRequest Seal(
        TestEvidence evidence,
        string path,
        string body,
        string method = "POST",
        Func<List<BhttpField>, List<BhttpField>>? fields = null,
        HpkeKem kem = HpkeKem.XWing) => Seal(evidence, path, Encoding.UTF8.GetBytes(body), "application/json", method, fields, kem);

    /// <summary>Seals a request for openings of an answer.</summary>
    public static TestRequest Openings(TestEvidence evidence, OpeningRequest request) =>
        Seal(evidence, VerathosPaths.Openings, request.Encode(), OpeningRequest.MediaType);

    public static TestRequest Seal(
        TestEvidence evidence,
        string path,
        byte[] body,
        string contentType,
        string method = "POST",
        Func<List<BhttpField>, List<BhttpField>>? fields = null,
        HpkeKem kem = HpkeKem.XWing)
    {
        byte[] auditSecret = RandomNumberGenerator.GetBytes(32);
        byte[] clientNonce = RandomNumberGenerator.GetBytes(32);
        List<BhttpField> sent =
        [
            new("content-type", contentType),
            new(VerathosHeaders.Binding, Convert.ToHexStringLower(evidence.Binding)),
            new(VerathosHeaders.ClientNonce, Convert.ToHexStringLower(clientNonce)),
            new(VerathosHeaders.AuditCommitment, Convert.ToHexStringLower(SHA256.HashData(auditSecret))),
        ];
        BinaryRequest inner = new()
        {
            Method = method,
            Scheme = "https",
            Path = path,
            Fields = fields?.Invoke(sent) ?? sent,
            Content = body,
        };
        OhttpKeyConfig config = evidence.Keyset.KeyConfigs.Single(config => config.Kem == kem);
        Assert.True(ChunkedRequestSealer.TryCreate(config, out ChunkedRequestSealer? sealer));
        byte[] sealedBytes = sealer.SealAll(inner.Encode());
        return new TestRequest(sealer, sealedBytes, clientNonce, SHA256.HashData(auditSecret), evidence, auditSecret);
    }

    public Task<TestAnswer> SendAsync(TestRequest request) => SendAsync(Core, request);

    public static async Task<TestAnswer> SendAsync(IEnclave enclave, TestRequest request, CancellationToken cancellationToken = default)
    {
        TestAnswer answer = new(request);
        await foreach (ReadOnlyMemory<byte> piece in enclave.HandleAsync(Pieces(request.Bytes), cancellationToken))
        {
            answer.Feed(piece.Span);
        }

        answer.Complete();
        return answer;
    }

    /// <summary>The bytes in pieces of a size that cuts everything somewhere.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes, int size = 700)
    {
        for (int at = 0; at < bytes.Length; at += size)
        {
            await Task.Yield();
            yield return bytes.AsMemory(at, Math.Min(size, bytes.Length - at));
        }
    }
}
