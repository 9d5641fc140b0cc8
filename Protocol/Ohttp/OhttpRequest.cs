using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// Unchunked encapsulation (RFC 9458 sections 4.3 and 4.4). The node speaks the chunked form only; this one proves the shared parts
/// against the RFC's own vector.
/// </summary>
internal sealed class OhttpRequest : IDisposable
{
    private readonly HpkeContext context;
    private readonly byte[] encapsulated;

    private OhttpRequest(HpkeContext context, byte[] encapsulated)
    {
        this.context = context;
        this.encapsulated = encapsulated;
    }

    public static bool TrySeal(
        OhttpHeader header, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, ReadOnlySpan<byte> request, out byte[] message, [NotNullWhen(true)] out OhttpRequest? state)
    {
        message = [];
        state = null;
        if (!HpkeSender.TrySetup(header.Suite, publicKey, header.Info(OhttpHeader.RequestLabel), randomness, out HpkeSender? sender))
        {
            return false;
        }

        byte[] ciphertext = new byte[request.Length + HpkeSuite.TagLength];
        sender.Seal(request, [], ciphertext);
        message = [.. header.Encode(), .. sender.Encapsulated.Span, .. ciphertext];
        state = new OhttpRequest(sender, sender.Encapsulated.ToArray());
        return true;
    }

    public static OhttpError TryOpen(IReadOnlyCollection<OhttpPrivateKey> keys, ReadOnlySpan<byte> message, out byte[] request, out OhttpRequest? state)
    {
        request = [];
        state = null;
        if (message.Length < OhttpHeader.Length)
        {
            return OhttpError.Truncated;
        }

        if (!OhttpHeader.TryMatch(message, keys, out OhttpHeader header, out OhttpPrivateKey? key))
        {
            return OhttpError.UnknownKey;
        }

        ReadOnlySpan<byte> rest = message[OhttpHeader.Length..];
        int length = header.Suite.EncapsulatedKeyLength;
        if (rest.Length < length + HpkeSuite.TagLength)
        {
            return OhttpError.Truncated;
        }

        byte[] encapsulated = rest[..length].ToArray();
        if (!HpkeRecipient.TrySetup(header.Suite, key!.Key, encapsulated, header.Info(OhttpHeader.RequestLabel), out HpkeRecipient? recipient))
        {
            return OhttpError.Decapsulation;
        }

        byte[] opened = new byte[rest.Length - length - HpkeSuite.TagLength];
        if (!recipient.TryOpen(rest[length..], [], opened))
        {
            recipient.Dispose();
            return OhttpError.ChunkNotAuthentic;
        }

        request = opened;
        state = new OhttpRequest(recipient, encapsulated);
        return OhttpError.None;
    }

    public byte[] SealResponse(ReadOnlySpan<byte> response, ReadOnlySpan<byte> responseNonce)
    {
        using ResponseKeys keys = Keys(responseNonce);
        byte[] ciphertext = new byte[response.Length + HpkeSuite.TagLength];
        keys.Seal(response, final: false, ciphertext);
        return [.. responseNonce, .. ciphertext];
    }

    public bool TryOpenResponse(ReadOnlySpan<byte> message, out byte[] response)
    {
        response = [];
        int entropy = ResponseKeys.EntropyLength(context.Suite);
        if (message.Length < entropy + HpkeSuite.TagLength)
        {
            return false;
        }

        using ResponseKeys keys = Keys(message[..entropy]);
        byte[] opened = new byte[message.Length - entropy - HpkeSuite.TagLength];
        if (!keys.TryOpen(message[entropy..], final: false, opened))
        {
            return false;
        }

        response = opened;
        return true;
    }

    public void Dispose() => context.Dispose();

    private ResponseKeys Keys(ReadOnlySpan<byte> responseNonce)
    {
        using SecretBytes secret = new(ResponseKeys.EntropyLength(context.Suite));
        context.Export(OhttpHeader.ResponseLabel, secret.Span);
        return ResponseKeys.Derive(context.Suite, secret.Span, encapsulated, responseNonce);
    }
}
