using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Sessions;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Serving;

/// <summary>
/// Asks a model once, before there are keys for it, the way a client does: sealed to throwaway keys, through a session of its
/// own and the engine, to the receipt. A model that gives no numbers never gets keys, and the first client does not wait for
/// code and weights that nobody has touched yet.
/// </summary>
internal static class SelfTest
{
    private const int PromptTokens = 32;
    private const int AnswerTokens = 4;

    /// <summary>Runs the test.</summary>
    /// <param name="models">All models.</param>
    /// <param name="model">The one to ask.</param>
    /// <param name="options">How the enclave behaves.</param>
    /// <param name="simulated">Whether the platform is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EnclaveException">The model did not give a proved answer; the text says how it failed.</exception>
    public static async Task RunAsync(ServedModels models, ServedModel model, EnclaveOptions options, bool simulated, TimeProvider time, CancellationToken cancellationToken)
    {
        // Small enough for a test on any node, with every kind of step in it.
        EnclaveOptions own = options with { MaxRequestBytes = Math.Max(options.MaxRequestBytes, 8192), CheckpointTokens = 2 };
        using KeyRing ring = new(own, time);
        LiveKeyset keyset = ring.Add(models);
        SessionContext context = new(own, new EnclaveMetrics(), simulated, time, Kept: null);
        int length = Math.Clamp(model.MaxPromptTokens / 2, 1, PromptTokens);
        await AskAsync(VerathosPaths.Completions, json =>
        {
            json.WriteStartArray("prompt"u8);
            for (int i = 0; i < length; i++)
            {
                json.WriteNumberValue(i % model.Loaded.Config.VocabularySize);
            }

            json.WriteEndArray();
        }).ConfigureAwait(false);
        if (model.Loaded.Chat is not null && model.MaxPromptTokens >= PromptTokens)
        {
            await AskAsync(VerathosPaths.ChatCompletions, json =>
            {
                json.WriteStartArray("messages"u8);
                json.WriteStartObject();
                json.WriteString("role"u8, "user"u8);
                json.WriteString("content"u8, "?"u8);
                json.WriteEndObject();
                json.WriteEndArray();
            }).ConfigureAwait(false);
        }

        async Task AskAsync(string path, Action<Utf8JsonWriter> prompt)
        {
            byte[] binding = RandomNumberGenerator.GetBytes(BindingInput.Length);
            keyset.Bindings.Add(binding);
            byte[] nonce = RandomNumberGenerator.GetBytes(32);
            using ChunkedRequestSealer sealer = CreateSealer(keyset);
            byte[] request = sealer.SealAll(Inner(path, Body(model.Name, prompt), binding, nonce));
            using ResponseStreamOpener opener = new(sealer.CreateResponseOpener());
            using SecretScope scope = new();
            Session session = new(ring, context, scope);
            await using (session.ConfigureAwait(false))
            {
                await session.OpenAsync(Whole(request), cancellationToken).ConfigureAwait(false);
                while (await session.NextAsync().ConfigureAwait(false) is { } piece)
                {
                    opener.Feed(piece);
                }
            }

            opener.Complete();
            Check(opener, keyset, models.StatedName(model), nonce, sealer.RequestDigest.Span);
        }
    }

    private static void Check(ResponseStreamOpener opener, LiveKeyset keyset, string? model, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> requestDigest)
    {
        string? signed = null;
        while (opener.TryRead(out ResponsePart part))
        {
            signed = part.Kind == BhttpPartKind.End ? BhttpFields.Single(part.Fields, VerathosHeaders.Receipt) : signed;
        }

        if (signed is null)
        {
            throw Failed("the answer broke off without a receipt, which is how weights that are damaged or overflow in this numeric profile fail");
        }

        using ECDsa key = keyset.Keyset.SigningKey.ToECDsa();
        if (!Receipt.TryParse(Base64Url.DecodeFromChars(signed), key, out Receipt? receipt, out ReceiptError error))
        {
            throw Failed($"the receipt is not valid ({error})");
        }

        if (!receipt.ClientNonce.Span.SequenceEqual(nonce) || !receipt.RequestDigest.Span.SequenceEqual(requestDigest) || receipt.OutputTokens == 0 || receipt.Model != model)
        {
            throw Failed("the receipt is about something else");
        }
    }

    private static EnclaveException Failed(string how) => new($"The model fails its test before it is served: {how}.");

    private static ChunkedRequestSealer CreateSealer(LiveKeyset keyset) =>
        ChunkedRequestSealer.TryCreate(keyset.Keyset.KeyConfigs.First(config => config.Kem == HpkeKem.XWing), out ChunkedRequestSealer? sealer)
            ? sealer
            : throw Failed("its own keys are not usable");

    private static byte[] Inner(string path, byte[] body, byte[] binding, byte[] nonce) => new BinaryRequest
    {
        Method = "POST",
        Scheme = "https",
        Path = path,
        Fields =
        [
            new(VerathosHeaders.Binding, Convert.ToHexStringLower(binding)),
            new(VerathosHeaders.ClientNonce, Convert.ToHexStringLower(nonce)),
            new(VerathosHeaders.AuditCommitment, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))),
        ],
        Content = body,
    }.Encode();

    private static byte[] Body(string model, Action<Utf8JsonWriter> prompt)
    {
        ArrayBufferWriter<byte> body = new();
        using Utf8JsonWriter json = new(body);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        prompt(json);
        json.WriteNumber("max_tokens"u8, AnswerTokens);
        json.WriteNumber("temperature"u8, 1);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenSpan.ToArray();
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Whole(byte[] request)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return request;
    }
}
