using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Hpke;
using Verathos.Training.Records;
using Verathos.Training.Sealing;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Sealing;

public sealed class GradientSealTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    private static readonly SealSubject Subject = new(SealSubject.Gradient, SHA256.HashData("run"u8), Samples.Worker(1), 7, SHA256.HashData("record"u8));

    private readonly HpkePrivateKey[] _keys = [HpkePrivateKey.Generate(HpkeKem.XWing), HpkePrivateKey.Generate(HpkeKem.X25519)];

    public void Dispose() => Array.ForEach(_keys, key => key.Dispose());

    [Fact]
    public void Every_recipient_opens_it_and_finds_the_root()
    {
        byte[] box = Seal();
        Assert.True(box.Length <= GradientSeal.MostBytes(Content.Length, 2));
        Assert.True(GradientSeal.IsSealedTo(box, [.. _keys.Select(SealRecipient.Of)]));
        foreach (HpkePrivateKey key in _keys)
        {
            Assert.Equal(SealError.None, GradientSeal.OpenGradient(box, Subject, key, Content.Length, TrainingRoots.OfGradient(Content), out byte[]? gradient));
            Assert.Equal(Content, gradient);
        }

        Assert.NotEqual(box, Seal());
        Assert.Equal(SealError.None, GradientSeal.Open(GradientSeal.Seal([], Subject, [SealRecipient.Of(_keys[0])]), Subject, _keys[0], 0, out byte[]? empty));
        Assert.Empty(empty!);
    }

    [Fact]
    public void A_gradient_of_another_root_is_refused_by_who_opens_it()
    {
        Assert.Equal(SealError.GradientRoot, GradientSeal.OpenGradient(Seal(), Subject, _keys[0], Content.Length, TrainingRoots.OfGradient(Content.AsSpan(1)), out byte[]? gradient));
        Assert.Null(gradient);
        Assert.Equal(SealError.GradientRoot, GradientSeal.OpenGradient(Seal(), Subject, _keys[0], Content.Length, [], out _));
    }

    public static TheoryData<string> Others => ["purpose", "run", "worker", "round", "record"];

    [Theory]
    [MemberData(nameof(Others))]
    public void Sealed_for_one_subject_it_opens_for_no_other(string what)
    {
        SealSubject other = what switch
        {
            "purpose" => Subject with { Purpose = SealSubject.Step },
            "run" => Subject with { Run = new byte[32] },
            "worker" => Subject with { Worker = Samples.Worker(2) },
            "round" => Subject with { Round = 8 },
            _ => Subject with { Digest = new byte[32] },
        };
        Assert.Equal(SealError.Key, GradientSeal.Open(Seal(), other, _keys[0], Content.Length, out byte[]? content));
        Assert.Null(content);
    }

    [Fact]
    public void Another_key_does_not_open_it()
    {
        using HpkePrivateKey stranger = HpkePrivateKey.Generate(HpkeKem.X25519);
        Assert.Equal(SealError.NotARecipient, GradientSeal.Open(Seal(), Subject, stranger, Content.Length, out _));
        Assert.False(GradientSeal.IsSealedTo(Seal(), [SealRecipient.Of(stranger)]));
        Assert.False(GradientSeal.IsSealedTo(Seal(), [SealRecipient.Of(_keys[0])]));
        Assert.False(GradientSeal.IsSealedTo(Seal(), []));
    }

    [Fact]
    public void What_is_larger_than_it_may_be_is_refused()
    {
        Assert.Equal(SealError.TooLarge, GradientSeal.Open(Seal(), Subject, _keys[0], Content.Length - 1, out _));
        Assert.Equal(SealError.TooLarge, GradientSeal.Open(new byte[GradientSeal.MostBytes(16, GradientSeal.MostRecipients) + 1], Subject, _keys[0], 16, out _));
    }

    public static TheoryData<string, SealError> Malformed => new()
    {
        { "nothing", SealError.Malformed },
        { "cut short", SealError.Malformed },
        { "something after it", SealError.Malformed },
        { "another version", SealError.Malformed },
        { "a member more", SealError.Malformed },
        { "no recipient", SealError.Malformed },
        { "a recipient twice", SealError.Malformed },
        { "too many recipients", SealError.Malformed },
        { "a short id", SealError.Malformed },
        { "an unknown mechanism", SealError.Malformed },
        { "a short encapsulation", SealError.Malformed },
        { "a short sealed key", SealError.Malformed },
        { "content without a tag", SealError.Malformed },
        { "another encapsulation", SealError.Key },
        { "an encapsulation of small order", SealError.Key },
        { "another sealed key", SealError.Key },
        { "content of another", SealError.Key },
        { "a key for other content of its maker", SealError.Content },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Every_malformed_case_has_its_name(string what, SealError expected)
    {
        HpkePrivateKey key = _keys[1];
        SealRecipient recipient = SealRecipient.Of(key);
        byte[] good = GradientSeal.Seal(Content, Subject, [recipient]);
        (byte[] encapsulated, byte[] sealedKey, byte[] box) = Parts(good);
        byte[] id = recipient.Id.ToArray();
        Assert.Equal(good, Build(1, [(id, 0x20, encapsulated, sealedKey)], box));
        byte[] Changed(byte[] bytes) => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)];
        byte[] bad = what switch
        {
            "nothing" => [],
            "cut short" => good[..^1],
            "something after it" => [.. good, 0],
            "another version" => Build(2, [(id, 0x20, encapsulated, sealedKey)], box),
            "a member more" => new DeterministicCborWriter().Array(4).UInt64(1).Array(0).Bytes(box).Null().ToArray(),
            "no recipient" => Build(1, [], box),
            "a recipient twice" => Build(1, [(id, 0x20, encapsulated, sealedKey), (id, 0x20, encapsulated, sealedKey)], box),
            "too many recipients" => Build(1, [.. Enumerable.Range(0, 65).Select(i => (SHA256.HashData([(byte)i]), 0x20ul, encapsulated, sealedKey))], box),
            "a short id" => Build(1, [(id[..31], 0x20, encapsulated, sealedKey)], box),
            "an unknown mechanism" => Build(1, [(id, 0x21, encapsulated, sealedKey)], box),
            "a short encapsulation" => Build(1, [(id, 0x20, encapsulated[..31], sealedKey)], box),
            "a short sealed key" => Build(1, [(id, 0x20, encapsulated, sealedKey[..47])], box),
            "content without a tag" => Build(1, [(id, 0x20, encapsulated, sealedKey)], box[..15]),
            "another encapsulation" => Build(1, [(id, 0x20, Changed(encapsulated), sealedKey)], box),
            "an encapsulation of small order" => Build(1, [(id, 0x20, new byte[32], sealedKey)], box),
            "another sealed key" => Build(1, [(id, 0x20, encapsulated, Changed(sealedKey))], box),
            "content of another" => Build(1, [(id, 0x20, encapsulated, sealedKey)], Changed(box)),
            _ => Rebound(recipient, Changed(box)),
        };
        Assert.Equal(expected, GradientSeal.Open(bad, Subject, key, Content.Length, out byte[]? content));
        Assert.Null(content);
    }

    [Fact]
    public void It_is_sealed_to_somebody_and_to_nobody_twice()
    {
        SealRecipient recipient = SealRecipient.Of(_keys[0]);
        Assert.Throws<ArgumentException>(() => GradientSeal.Seal(Content, Subject, []));
        Assert.Throws<ArgumentException>(() => GradientSeal.Seal(Content, Subject, [recipient, recipient]));
        Assert.Throws<ArgumentException>(() => GradientSeal.Seal(Content, Subject, [new SealRecipient(HpkeKem.X25519, new byte[32])]));
        Assert.Throws<ArgumentException>(() => new SealRecipient(HpkeKem.X25519, new byte[31]));
        Assert.Throws<ArgumentException>(() => new SealRecipient((HpkeKem)1, new byte[32]));
    }

    private static byte[] Build(ulong version, IReadOnlyList<(byte[] Id, ulong Kem, byte[] Encapsulated, byte[] SealedKey)> recipients, byte[] box)
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(3).UInt64(version).Array(recipients.Count);
        foreach ((byte[] id, ulong kem, byte[] encapsulated, byte[] sealedKey) in recipients)
        {
            writer.Array(4).Bytes(id).UInt64(kem).Bytes(encapsulated).Bytes(sealedKey);
        }

        return writer.Bytes(box).ToArray();
    }

    // A key that opens, bound to this content, and is not the one under which it is sealed.
    private static byte[] Rebound(SealRecipient recipient, byte[] box)
    {
        Assert.True(HpkeSender.TrySetup(new HpkeSuite(recipient.Kem, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm), recipient.PublicKey.Span, "verathos.seal.v1"u8, out HpkeSender? sender));
        using (sender)
        {
            byte[] bound = new DeterministicCborWriter().Array(3).Text("verathos.seal-key.v1").Bytes(Subject.Encode()).Bytes(SHA256.HashData(box)).ToArray();
            byte[] sealedKey = new byte[48];
            sender.Seal(new byte[32], bound, sealedKey);
            return Build(1, [(recipient.Id.ToArray(), (ulong)recipient.Kem, sender.Encapsulated.ToArray(), sealedKey)], box);
        }
    }

    private static (byte[] Encapsulated, byte[] SealedKey, byte[] Box) Parts(byte[] sealedBytes)
    {
        DeterministicCborReader reader = new(sealedBytes);
        Assert.True(reader.TryReadArray(out _) & reader.TryReadUInt64(out _) & reader.TryReadArray(out _) & reader.TryReadArray(out _) & reader.TryReadBytes(32, out _) & reader.TryReadUInt64(out _));
        Assert.True(reader.TryReadBytes(out ReadOnlySpan<byte> encapsulated) & reader.TryReadBytes(out ReadOnlySpan<byte> sealedKey) & reader.TryReadBytes(out ReadOnlySpan<byte> box));
        return (encapsulated.ToArray(), sealedKey.ToArray(), box.ToArray());
    }

    private byte[] Seal() => GradientSeal.Seal(Content, Subject, [.. _keys.Select(SealRecipient.Of)]);
}
