using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Tests.Documentation;

/// <summary>
/// The exchange that docs/protocol.md prints: every key, nonce and random value is fixed, and signatures are deterministic
/// (RFC 6979), so that the same bytes come out every time.
/// </summary>
internal sealed class WorkedExchange
{
    private const string Model = "verathos-tiny";
    private const string Profile = CommittedProfiles.Served;
    private readonly List<(string Name, byte[] Bytes)> blocks = [];
    private readonly byte[] signingKey = Range(0x40, 32);
    private readonly byte[] receiptSecret = Range(0xd0, 32);
    private readonly byte[] id = Range(0xf0, 16);
    private readonly byte[] bootId = Range(0x60, 16);
    private readonly int[] promptIds = [1, 300, 70000];
    private readonly SamplingClaims sampling = new(0, 1_000_000, 0, 42, 16);
    private byte[] binding = [];
    private byte[] manifestRoot = [];
    private Keyset keyset = null!;

    /// <summary>Every value by the name that the document gives it, in its order.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Make()
    {
        WorkedExchange exchange = new();
        using OhttpPrivateKey key = new(1, HpkePrivateKey.Import(HpkeKem.XWing, Range(0x00, 32)));
        using OhttpPrivateKey second = new(2, HpkePrivateKey.Import(HpkeKem.X25519, Range(0x20, 32)));
        exchange.Keys(key, second);
        exchange.Bind();
        byte[] request = exchange.Request();
        exchange.Respond(key, request);
        return exchange.blocks;
    }

    private static byte[] Range(int first, int count) => [.. Enumerable.Range(first, count).Select(i => (byte)i)];

    private byte[] Show(string name, byte[] bytes)
    {
        blocks.Add((name, bytes));
        return bytes;
    }

    private void Keys(OhttpPrivateKey key, OhttpPrivateKey second)
    {
        Show("X-Wing private key, key identifier 1", Range(0x00, 32));
        Show("X25519 private key, key identifier 2", Range(0x20, 32));
        Show("ES256 private key", signingKey);
        using ECDsa signing = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = signingKey });
        DateTimeOffset start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        keyset = Keyset.Create(bootId, CoseKey.From(signing), OhttpKeys.Encode([key.Config, second.Config]), start, start.AddHours(1));
        Show("keyset", keyset.Encoded.ToArray());
        Show("keyset digest", keyset.Digest.ToArray());
    }

    private void Bind()
    {
        byte[] nonce = Show("evidence nonce", Range(0x70, 32));
        byte[] root = Show("nonce root", SHA256.HashData([0, .. nonce]));
        manifestRoot = Range(0x90, 32);
        Show("manifest", new DeterministicCborMap()
            .Add(1, 1UL).Add(2, Model).Add(3, manifestRoot).Add(4, 39UL).Add(5, 9_437_184UL).Add(6, 48UL)
            .Encode());
        NodeConfiguration configuration = new(NodeConfiguration.InProcess, "verathos 0.1.0", Profile, new NodeLimits(1_048_576, 4096, 1024, 8), Simulated: true, Openings: new OpeningLimits(600, 64, 600));
        Show("configuration", configuration.Encode());
        byte[] digest = Show("configuration digest", NodeConfiguration.DigestOf(configuration.Encode()));
        byte[] input = Show("binding input", new DeterministicCborWriter()
            .Array(7).Text("verathos.binding.v1").Bytes(root).Bytes(keyset.Digest.Span).Bytes(manifestRoot).Null().Bytes(digest).Null()
            .ToArray());
        binding = Show("binding", SHA384.HashData(input));
    }

    private byte[] Request()
    {
        byte[] nonce = Show("client nonce", Range(0xb0, 32));
        byte[] secret = Show("audit secret", Range(0x10, 32));
        byte[] commitment = Show("audit commitment", SHA256.HashData(secret));
        BinaryRequest request = new()
        {
            Method = "POST",
            Scheme = "https",
            Path = VerathosPaths.ChatCompletions,
            Fields =
            [
                new(VerathosHeaders.Binding, Convert.ToHexStringLower(binding)),
                new(VerathosHeaders.ClientNonce, Convert.ToHexStringLower(nonce)),
                new(VerathosHeaders.AuditCommitment, Convert.ToHexStringLower(commitment)),
                new("content-type", MediaTypes.Json),
            ],
            Content = Encoding.UTF8.GetBytes(
                $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"What is 2 + 2?"}],"temperature":0,"top_p":1,"top_k":0,"seed":42,"max_tokens":16,"stream":true}"""),
        };
        byte[] encoded = request.Encode();
        return Show("request, binary HTTP padded to 1024 bytes", [.. encoded, .. new byte[1024 - encoded.Length]]);
    }

    private void Respond(OhttpPrivateKey key, byte[] request)
    {
        byte[] randomness = Show("encapsulation randomness: ML-KEM message, X25519 private key", [.. Range(0x80, 32), .. Range(0xa0, 32)]);
        Assert.True(ChunkedRequestSealer.TryCreate(key.Config, HpkeAead.Aes256Gcm, randomness, out ChunkedRequestSealer? client));
        byte[] start = client.Start();
        Show("request header", start[..7]);
        Show("HPKE info", [.. "message/bhttp chunked request"u8, 0, .. start[..7]]);
        Show("encapsulated key", start[7..]);
        Assert.True(XWing.TryEncapsulate(key.Config.PublicKey.Span, randomness, out _, out SecretBytes? shared));
        Show("KEM shared secret", shared.Span.ToArray());
        Show("header digest", SHA256.HashData(start));
        byte[] last = Show("final request chunk on the wire", client.SealFinal(request));
        byte[] requestDigest = Show("request digest", client.RequestDigest.ToArray());

        using ChunkedRequestOpener gateway = new([key], 1 << 20);
        Assert.Equal(OhttpError.None, gateway.Feed([.. start, .. last]));
        Assert.Equal(OhttpError.None, gateway.Complete());
        Assert.True(gateway.TryRead(out OhttpChunk opened));
        Assert.Equal(request, opened.Plaintext.ToArray());

        byte[] nonce = Show("response nonce", Range(0xc0, 32));
        ShowResponseKeys(shared, start[7..], nonce);
        shared.Dispose();
        Stream(gateway.CreateResponseSealer(nonce), requestDigest);
        client.Dispose();
    }

    private void ShowResponseKeys(SecretBytes shared, byte[] encapsulated, byte[] nonce)
    {
        // Section 5.1 and 5.3 of RFC 9180 again, by hand, for the values that the document shows on the way.
        byte[] suite = [.. "HPKE"u8, 0x64, 0x7a, 0, 1, 0, 2];
        byte[] info = [.. "message/bhttp chunked request"u8, 0, 1, 0x64, 0x7a, 0, 1, 0, 2];
        using SecretBytes pskIdHash = LabeledHkdf.Extract(suite, [], "psk_id_hash"u8, []);
        using SecretBytes infoHash = LabeledHkdf.Extract(suite, [], "info_hash"u8, info);
        byte[] context = [0, .. pskIdHash.Span, .. infoHash.Span];
        using SecretBytes secret = LabeledHkdf.Extract(suite, shared.Span, "secret"u8, []);
        byte[] key = new byte[32];
        byte[] baseNonce = new byte[12];
        byte[] exporter = new byte[32];
        LabeledHkdf.Expand(suite, secret.Span, "key"u8, context, key);
        LabeledHkdf.Expand(suite, secret.Span, "base_nonce"u8, context, baseNonce);
        LabeledHkdf.Expand(suite, secret.Span, "exp"u8, context, exporter);
        Show("HPKE key", key);
        Show("HPKE base nonce", baseNonce);
        Show("HPKE exporter secret", exporter);
        byte[] exported = new byte[32];
        LabeledHkdf.Expand(suite, exporter, "sec"u8, "message/bhttp chunked response"u8, exported);
        Show("exported response secret", exported);
        byte[] prk = HKDF.Extract(HashAlgorithmName.SHA256, exported, [.. encapsulated, .. nonce]);
        Show("response key", HKDF.Expand(HashAlgorithmName.SHA256, prk, 32, "key"u8.ToArray()));
        Show("response base nonce", HKDF.Expand(HashAlgorithmName.SHA256, prk, 12, "nonce"u8.ToArray()));
    }

    private void Stream(ChunkedResponseSealer sealer, byte[] requestDigest)
    {
        Show("receipt secret", receiptSecret);
        ChunkChain chain = new(receiptSecret, requestDigest);
        Show("h_0", chain.Head.ToArray());
        using ResponseStreamSealer stream = new(sealer, chain);
        byte[] start = stream.Start(200, [new("content-type", MediaTypes.EventStream), new("cache-control", "no-store")]);
        Show("chunk 1 on the wire", start[32..]);
        Show("h_1", chain.Head.ToArray());

        byte[] promptCommitment = Show("prompt commitment, ids 1, 300, 70000", TokenCommitment.Compute(receiptSecret, TokenCommitment.Prompt, promptIds));
        byte[] acceptance = Sign("acceptance", ReceiptTypes.Acceptance, MakeAcceptance(requestDigest, promptCommitment).EncodeClaims(), out _);
        string opening = $$"""{"cose":"{{Base64Url.EncodeToString(acceptance)}}","receipt_secret":"{{Base64Url.EncodeToString(receiptSecret)}}","prompt_ids":[1,300,70000]}""";
        Step("chunk 2", stream, chain, $"event: {SseEvents.Acceptance}\ndata: {opening}\n\n");
        Show("h_2", chain.Head.ToArray());

        byte[] firstTrace = Show("running commitment with the first token, over 3 made-up steps of verathos-tiny's shape", TraceOf(3));
        Step("chunk 3", stream, chain, "data: " + Chunk("""{"role":"assistant","content":"4"}""", "null", "[52]", firstTrace) + "\n\n");
        Show("h_3", chain.Head.ToArray());
        Checkpoint made = new()
        {
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_101),
            Id = id,
            KeysetDigest = keyset.Digest,
            RequestDigest = requestDigest,
            ChunkCount = chain.Count,
            ChainHead = chain.Head.ToArray(),
            OutputTokens = 1,
        };
        byte[] checkpoint = Sign("checkpoint", ReceiptTypes.Checkpoint, made.EncodeClaims(), out _);
        Step(
            "chunk 4", stream, chain,
            $$"""event: {{SseEvents.Checkpoint}}{{"\n"}}data: {"cose":"{{Base64Url.EncodeToString(checkpoint)}}"}{{"\n\n"}}"""
            + "data: " + Chunk("{}", "\"stop\"", "[2]", Show("running commitment with the last token", TraceOf(4))) + "\n\ndata: [DONE]\n\n");
        byte[] head = Show("h_4", chain.Head.ToArray());

        byte[] outputCommitment = Show("output commitment, ids 52, 2", TokenCommitment.Compute(receiptSecret, TokenCommitment.Output, [52, 2]));
        byte[] receipt = Sign(
            "receipt", ReceiptTypes.Receipt, MakeReceipt(requestDigest, promptCommitment, outputCommitment, head, chain.Count).EncodeClaims(), out byte[] digest);
        Show("receipt digest", digest);
        Show("final response chunk on the wire", stream.Finish([new(VerathosHeaders.Receipt, Base64Url.EncodeToString(receipt))]));
        Open(digest);
    }

    /// <summary>The step hashes, as another exchange would carry them.</summary>
    private void Open(byte[] receiptDigest)
    {
        OpeningRequest request = new(receiptDigest, Range(0x10, 32), OpeningAsk.StepHashes);
        Show("opening request: all step hashes", request.Encode());
        Show("opening request: openings 0 to 3", (request with { Ask = OpeningAsk.Openings(0, 4) }).Encode());
        byte[] hashes = [.. Enumerable.Range(0, 4).SelectMany(StepHash)];
        byte[] content = new byte[OpeningContent.HeaderSize + hashes.Length];
        OpeningContent.WriteHeader(hashes.Length, content);
        hashes.CopyTo(content, OpeningContent.HeaderSize);
        Show("opening content: the hashes of 4 steps", content);
        OpeningStatement statement = new()
        {
            BootId = bootId,
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_200),
            Nonce = Range(0xb1, 32),
            KeysetDigest = keyset.Digest,
            RequestDigest = SHA256.HashData("the encapsulated opening request"u8),
            ReceiptDigest = receiptDigest,
            Ask = request.Ask,
            ContentDigest = SHA256.HashData(content),
            Items = 1,
            Simulated = true,
        };
        Sign("opening statement", ReceiptTypes.Opening, statement.EncodeClaims(), out _);
    }

    private static byte[] StepHash(int step) => SHA256.HashData([(byte)step]);

    /// <summary>The commitment of docs/fingerprints.md over the first steps, whose hashes are made up.</summary>
    private static byte[] TraceOf(int steps)
    {
        byte[] Node(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);
        byte[] root = steps == 3
            ? Node(Node(StepHash(0), StepHash(1)), StepHash(2))
            : Node(Node(StepHash(0), StepHash(1)), Node(StepHash(2), StepHash(3)));
        byte[] input = [.. "verathos.trace.v2"u8, 0, 0, 0, 4, 0, 0, 0, 128, 0, 0, 0, 2, 0, 0, 0, 32, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, (byte)steps, .. root];
        return SHA256.HashData(input);
    }

    private void Step(string name, ResponseStreamSealer stream, ChunkChain chain, string events)
    {
        byte[] content = Encoding.UTF8.GetBytes(events);
        int missing = (SseEvents.PaddingBucket - (content.Length % SseEvents.PaddingBucket)) % SseEvents.PaddingBucket;
        Assert.True(missing > 1);
        content = [.. content, .. Encoding.ASCII.GetBytes(":" + new string('.', missing - 2) + "\n")];
        ulong before = chain.Count;
        Show(name + ", content", content);
        Show(name + " on the wire", stream.Write(content));
        Assert.Equal(before + 1, chain.Count);
    }

    private static string Chunk(string delta, string finish, string ids, byte[] trace) =>
        $$$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000100,"model":"{{{Model}}}","choices":[{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{{{finish}}}}],"verathos":{"ids":{{{ids}}},"trace":"{{{Base64Url.EncodeToString(trace)}}}"}}""";

    private byte[] Sign(string name, string type, byte[] claims, out byte[] digest)
    {
        Show(name + " claims", claims);
        byte[] header = CoseSign1.ProtectedHeader(type);
        digest = SHA256.HashData(CoseSign1.SigStructure(header, claims));
        ECDsaSigner signer = new(new HMacDsaKCalculator(new Sha256Digest()));
        ECDomainParameters domain = ECDomainParameters.FromX9ECParameters(SecNamedCurves.GetByName("secp256r1"));
        signer.Init(true, new ECPrivateKeyParameters(new Org.BouncyCastle.Math.BigInteger(1, signingKey), domain));
        Org.BouncyCastle.Math.BigInteger[] signature = signer.GenerateSignature(digest);
        if (signature[1].CompareTo(domain.N.ShiftRight(1)) > 0)
        {
            signature[1] = domain.N.Subtract(signature[1]);
        }

        byte[] fixedLength = [.. Org.BouncyCastle.Utilities.BigIntegers.AsUnsignedByteArray(32, signature[0]), .. Org.BouncyCastle.Utilities.BigIntegers.AsUnsignedByteArray(32, signature[1])];
        byte[] message = Show(name + ", COSE_Sign1", CoseSign1.Assemble(header, claims, fixedLength));
        using ECDsa verifying = keyset.SigningKey.ToECDsa();
        Assert.Equal(ReceiptError.None, CoseSign1.Verify(message, verifying, type, out _, out byte[] verified));
        Assert.Equal(digest, verified);
        return message;
    }

    private Acceptance MakeAcceptance(byte[] requestDigest, byte[] promptCommitment) => new()
    {
        BootId = bootId,
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_100),
        Id = id,
        ClientNonce = Range(0xb0, 32),
        KeysetDigest = keyset.Digest,
        Binding = binding,
        ManifestRoot = manifestRoot,
        NumericProfile = Profile,
        RequestDigest = requestDigest,
        PromptCommitment = promptCommitment,
        PromptTokens = 3,
        Sampling = sampling,
        AuditCommitment = SHA256.HashData(Range(0x10, 32)),
        Simulated = true,
    };

    private Receipt MakeReceipt(byte[] requestDigest, byte[] promptCommitment, byte[] outputCommitment, byte[] head, ulong chunks) => new()
    {
        BootId = bootId,
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_102),
        AcceptedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_100),
        Id = id,
        ClientNonce = Range(0xb0, 32),
        KeysetDigest = keyset.Digest,
        Binding = binding,
        ManifestRoot = manifestRoot,
        NumericProfile = Profile,
        RequestDigest = requestDigest,
        PromptCommitment = promptCommitment,
        OutputCommitment = outputCommitment,
        PromptTokens = 3,
        OutputTokens = 2,
        Sampling = sampling,
        ChainHead = head,
        ChunkCount = chunks,
        Counter = 1,
        Previous = null,
        FinishReason = "stop",
        AuditCommitment = SHA256.HashData(Range(0x10, 32)),
        Simulated = true,
        TraceRoot = TraceOf(4),
        SketchRoot = Range(0xe0, 32),
        ToplocRoot = Range(0xe1, 32),
    };
}
