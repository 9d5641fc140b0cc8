using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;
using Verathos.Training.Records;

namespace Verathos.Training.Sealing;

/// <summary>
/// Seals bytes to several keys at once: AES-256-GCM under a key of their own with a nonce of zeros, and that key to each recipient by
/// HPKE (RFC 9180, base mode, HKDF-SHA256, AES-256-GCM). On the wire the deterministic CBOR array [1, [[recipient's id (32), mechanism, encapsulation,
/// sealed key (48)], ...], content and tag]. The subject is authenticated with the content; the subject and the content's SHA-256 with each
/// key, so that nobody can put one recipient's key beside other content.
/// </summary>
public static class GradientSeal
{
    /// <summary>More recipients than this are refused.</summary>
    public const int MostRecipients = 64;

    private const int KeySize = 32;
    private const int TagSize = HpkeSuite.TagLength;
    private const ulong Version = 1;

    private static ReadOnlySpan<byte> Info => "verathos.seal.v1"u8;

    /// <summary>The most bytes that something sealed has.</summary>
    /// <param name="content">Bytes of the content.</param>
    /// <param name="recipients">Keys that it is sealed to.</param>
    public static long MostBytes(int content, int recipients) => content + (recipients * (long)(HpkeSuite.EncapsulatedKeyLengthOf(HpkeKem.XWing) + 128)) + 64;

    /// <summary>Seals.</summary>
    /// <param name="content">What.</param>
    /// <param name="subject">What it is, and whose.</param>
    /// <param name="recipients">1 to 64 different keys.</param>
    /// <exception cref="ArgumentException">There are no recipients, too many, one twice, or a key is not valid for its mechanism.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> content, SealSubject subject, IReadOnlyList<SealRecipient> recipients)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(recipients);
        if (recipients.Count is 0 or > MostRecipients || recipients.Select(static one => Convert.ToHexString(one.Id.Span)).Distinct().Count() != recipients.Count)
        {
            throw new ArgumentException($"something is sealed to 1 to {MostRecipients} different keys", nameof(recipients));
        }

        byte[] about = subject.Encode();
        using SecretBytes key = SecretBytes.Random(KeySize);
        byte[] box = new byte[content.Length + TagSize];
        using (AesGcm cipher = new(key.Span, TagSize))
        {
            cipher.Encrypt(Nonce, content, box.AsSpan(0, content.Length), box.AsSpan(content.Length), about);
        }

        byte[] bound = Bound(about, box);
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(3).UInt64(Version).Array(recipients.Count);
        byte[] sealedKey = new byte[KeySize + TagSize];
        foreach (SealRecipient recipient in recipients)
        {
            if (!HpkeSender.TrySetup(Suite(recipient.Kem), recipient.PublicKey.Span, Info, out HpkeSender? sender))
            {
                throw new ArgumentException("a recipient's key is not valid for its mechanism", nameof(recipients));
            }

            using (sender)
            {
                sender.Seal(key.Span, bound, sealedKey);
                writer.Array(4).Bytes(recipient.Id.Span).UInt64((ulong)recipient.Kem).Bytes(sender.Encapsulated.Span).Bytes(sealedKey);
            }
        }

        return writer.Bytes(box).ToArray();
    }

    /// <summary>Opens a gradient and checks that it is the one that the record names.</summary>
    /// <param name="sealedBytes">As received.</param>
    /// <param name="subject">What it must be, and whose.</param>
    /// <param name="key">The recipient's key.</param>
    /// <param name="mostBytes">Bytes above which the gradient is refused.</param>
    /// <param name="root">The root that the signed record names, 32 bytes.</param>
    /// <param name="gradient">The encoded gradient; null unless the result is <see cref="SealError.None"/>.</param>
    public static SealError OpenGradient(
        ReadOnlySpan<byte> sealedBytes, SealSubject subject, HpkePrivateKey key, int mostBytes, ReadOnlySpan<byte> root, out byte[]? gradient)
    {
        SealError error = Open(sealedBytes, subject, key, mostBytes, out gradient);
        if (error == SealError.None && !CryptographicOperations.FixedTimeEquals(TrainingRoots.OfGradient(gradient), root))
        {
            gradient = null;
            return SealError.GradientRoot;
        }

        return error;
    }

    /// <summary>Opens. Never throws for the bytes.</summary>
    /// <param name="sealedBytes">As received.</param>
    /// <param name="subject">What it must be, and whose.</param>
    /// <param name="key">The recipient's key.</param>
    /// <param name="mostBytes">Bytes above which the content is refused.</param>
    /// <param name="content">The content; null unless the result is <see cref="SealError.None"/>.</param>
    public static SealError Open(ReadOnlySpan<byte> sealedBytes, SealSubject subject, HpkePrivateKey key, int mostBytes, out byte[]? content)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(key);
        content = null;
        if (sealedBytes.Length > MostBytes(mostBytes, MostRecipients))
        {
            return SealError.TooLarge;
        }

        SealRecipient own = SealRecipient.Of(key);
        SealError error = Find(sealedBytes, own, mostBytes, out Parts parts);
        if (error != SealError.None)
        {
            return error;
        }

        byte[] about = subject.Encode();
        using SecretBytes inner = new(KeySize);
        if (!HpkeRecipient.TrySetup(Suite(key.Kem), key, parts.Encapsulated, Info, out HpkeRecipient? recipient))
        {
            return SealError.Key;
        }

        using (recipient)
        {
            if (!recipient.TryOpen(parts.SealedKey, Bound(about, parts.Box), inner.Span))
            {
                return SealError.Key;
            }
        }

        byte[] opened = new byte[parts.Box.Length - TagSize];
        using AesGcm cipher = new(inner.Span, TagSize);
        try
        {
            cipher.Decrypt(Nonce, parts.Box[..opened.Length], parts.Box[opened.Length..], opened, about);
        }
        catch (AuthenticationTagMismatchException)
        {
            return SealError.Content;
        }

        content = opened;
        return SealError.None;
    }

    /// <summary>Whether the form is right and it is sealed to exactly these keys, without opening it: what who relays it can see.</summary>
    /// <param name="sealedBytes">As received.</param>
    /// <param name="recipients">All of them.</param>
    public static bool IsSealedTo(ReadOnlySpan<byte> sealedBytes, IReadOnlyList<SealRecipient> recipients)
    {
        ArgumentNullException.ThrowIfNull(recipients);
        return recipients.Count > 0 && Read(sealedBytes, out List<Entry> entries, out _)
            && entries.Count == recipients.Count && recipients.All(recipient => entries.Any(entry => entry.Id.AsSpan().SequenceEqual(recipient.Id.Span)));
    }

    // The key is used for one message only, so that a fixed nonce is one that is never used twice.
    private static ReadOnlySpan<byte> Nonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static HpkeSuite Suite(HpkeKem kem) => new(kem, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);

    private static byte[] Bound(byte[] about, ReadOnlySpan<byte> box) =>
        new DeterministicCborWriter().Array(3).Text("verathos.seal-key.v1").Bytes(about).Bytes(SHA256.HashData(box)).ToArray();

    private static SealError Find(ReadOnlySpan<byte> sealedBytes, SealRecipient own, int mostBytes, out Parts parts)
    {
        parts = default;
        if (!Read(sealedBytes, out List<Entry> entries, out ReadOnlySpan<byte> box))
        {
            return SealError.Malformed;
        }

        if (box.Length - TagSize > mostBytes)
        {
            return SealError.TooLarge;
        }

        if (entries.Find(entry => entry.Id.AsSpan().SequenceEqual(own.Id.Span)) is not { } entry)
        {
            return SealError.NotARecipient;
        }

        parts = new Parts { Encapsulated = entry.Encapsulated, SealedKey = entry.SealedKey, Box = box };
        return SealError.None;
    }

    private static bool Read(ReadOnlySpan<byte> sealedBytes, out List<Entry> entries, out ReadOnlySpan<byte> box)
    {
        entries = [];
        box = default;
        DeterministicCborReader reader = new(sealedBytes);
        if (!DeterministicCbor.TryValidate(sealedBytes, out _) || !reader.TryReadArray(out int members) || members != 3
            || !reader.TryReadUInt64(out ulong version) || version != Version || !reader.TryReadArray(out int count) || count is 0 or > MostRecipients)
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadArray(out members) || members != 4 || !reader.TryReadBytes(32, out byte[] id)
                || !reader.TryReadUInt64(out ulong kem) || kem > int.MaxValue || !HpkeSuite.IsSupportedKem((int)kem)
                || !reader.TryReadBytes(HpkeSuite.EncapsulatedKeyLengthOf((HpkeKem)kem), out byte[] encapsulated)
                || !reader.TryReadBytes(KeySize + TagSize, out byte[] sealedKey)
                || entries.Exists(entry => entry.Id.AsSpan().SequenceEqual(id)))
            {
                return false;
            }

            entries.Add(new Entry(id, encapsulated, sealedKey));
        }

        return reader.TryReadBytes(out box) && box.Length >= TagSize && reader.AtEnd;
    }

    private sealed record Entry(byte[] Id, byte[] Encapsulated, byte[] SealedKey);

    private ref struct Parts
    {
        public ReadOnlySpan<byte> Encapsulated;
        public ReadOnlySpan<byte> SealedKey;
        public ReadOnlySpan<byte> Box;
    }
}
