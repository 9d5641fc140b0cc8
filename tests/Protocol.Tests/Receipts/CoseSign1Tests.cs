using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using CsCheck;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Receipts;

public sealed class CoseSign1Tests : IDisposable
{
    private const string Type = ReceiptTypes.Receipt;
    private static readonly byte[] Payload = [0xa1, 0x01, 0x02];
    private readonly ECDsa key = Samples.NewKey();

    public void Dispose() => key.Dispose();

    [Fact]
    public void A_signed_message_verifies_here_and_in_an_independent_implementation()
    {
        for (int i = 0; i < 50; i++)
        {
            byte[] message = CoseSign1.Sign(key, Type, Payload, out byte[] digest);
            Assert.Equal(ReceiptError.None, CoseSign1.Verify(message, key, Type, out ReadOnlySpan<byte> payload, out byte[] verified));
            Assert.Equal(Payload, payload.ToArray());
            Assert.Equal(digest, verified);

            CoseSign1Message independent = CoseMessage.DecodeSign1(message);
            Assert.True(independent.VerifyEmbedded(key));
            Assert.Equal(Payload, independent.Content!.Value.ToArray());
            Assert.Empty(independent.UnprotectedHeaders);
            Assert.Equal(Type, independent.ProtectedHeaders[new CoseHeaderLabel(16)].GetValueAsString());
        }
    }

    [Fact]
    public void The_signature_of_the_other_form_is_refused_although_it_verifies()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        CoseSign1.Negate(message.AsSpan(^32));

        Assert.True(CoseMessage.DecodeSign1(message).VerifyEmbedded(key));
        Assert.Equal(ReceiptError.SignatureForm, Check(message));
    }

    [Fact]
    public void A_digest_does_not_depend_on_the_signature()
    {
        CoseSign1.Sign(key, Type, Payload, out byte[] first);
        CoseSign1.Sign(key, Type, Payload, out byte[] second);
        Assert.Equal(first, second);
        byte[] structure = [.. Convert.FromHexString("846a5369676e617475726531"), .. Bstr(CoseSign1.ProtectedHeader(Type)), 0x40, .. Bstr(Payload)];
        Assert.Equal(SHA256.HashData(structure), first);
    }

    [Fact]
    public void An_unprotected_header_that_is_not_empty_is_refused()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        int at = message.AsSpan().IndexOf((byte[])[0xa0, 0x43]);
        Assert.Equal(ReceiptError.Unprotected, Check([.. message[..at], 0xa1, 0x04, 0x00, .. message[(at + 1)..]]));
    }

    [Theory]
    [InlineData(-35)]
    [InlineData(-8)]
    [InlineData(-6)]
    [InlineData(0)]
    [InlineData(7)]
    public void Another_algorithm_is_refused(long algorithm)
    {
        byte[] header = new DeterministicCborMap().Add(1, writer => writer.Int64(algorithm)).Add(16, Type).Encode();
        Assert.Equal(ReceiptError.Algorithm, Check(SignWith(header)));
    }

    [Theory]
    [InlineData(ReceiptTypes.Acceptance)]
    [InlineData(ReceiptTypes.Checkpoint)]
    [InlineData(ReceiptTypes.Rotation)]
    [InlineData(ReceiptTypes.Training)]
    [InlineData("")]
    public void A_statement_of_another_kind_is_refused(string type) =>
        Assert.Equal(ReceiptError.Type, Check(CoseSign1.Sign(key, type, Payload, out _)));

    [Fact]
    public void A_protected_header_with_more_or_fewer_members_is_refused()
    {
        byte[] more = new DeterministicCborMap().Add(1, writer => writer.Int64(-7)).Add(16, Type).Add(4, [1]).Encode();
        Assert.Equal(ReceiptError.Malformed, Check(SignWith(more)));
        byte[] fewer = new DeterministicCborMap().Add(1, writer => writer.Int64(-7)).Encode();
        Assert.Equal(ReceiptError.Malformed, Check(SignWith(fewer)));
        byte[] otherOrder = [0xa2, 0x10, .. new DeterministicCborWriter().Text(Type).Written, 0x01, 0x26];
        Assert.Equal(ReceiptError.Malformed, Check(SignWith(otherOrder)));
    }

    [Fact]
    public void A_message_without_its_tag_or_with_bytes_after_it_is_refused()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        Assert.Equal(ReceiptError.Malformed, Check(message[1..]));
        Assert.Equal(ReceiptError.Malformed, Check([.. message, 0]));
        Assert.Equal(ReceiptError.Malformed, Check([0xd1, .. message[1..]]));
        Assert.Equal(ReceiptError.Malformed, Check(message[..^1]));
    }

    [Fact]
    public void A_signature_with_r_or_s_out_of_range_or_of_another_length_is_refused()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        byte[] zeroR = [.. message];
        zeroR.AsSpan(message.Length - 64, 32).Clear();
        Assert.Equal(ReceiptError.SignatureForm, Check(zeroR));
        byte[] zeroS = [.. message];
        zeroS.AsSpan(message.Length - 32).Clear();
        Assert.Equal(ReceiptError.SignatureForm, Check(zeroS));
        byte[] largeR = [.. message];
        largeR.AsSpan(message.Length - 64, 32).Fill(0xff);
        Assert.Equal(ReceiptError.SignatureForm, Check(largeR));

        byte[] header = CoseSign1.ProtectedHeader(Type);
        Assert.Equal(ReceiptError.SignatureForm, Check(CoseSign1.Assemble(header, Payload, Samples.Filled(63, 1))));
        Assert.Equal(ReceiptError.SignatureForm, Check(CoseSign1.Assemble(header, Payload, Samples.Filled(65, 1))));
    }

    [Fact]
    public void Another_key_or_payload_or_signature_is_refused()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        using ECDsa other = Samples.NewKey();
        Assert.Equal(ReceiptError.Signature, CoseSign1.Verify(message, other, Type, out _, out _));
        byte[] payload = [.. message];
        payload[message.AsSpan().IndexOf(Payload) + 2] ^= 1;
        Assert.Equal(ReceiptError.Signature, Check(payload));
        byte[] signature = [.. message];
        signature[^1] ^= 1;
        Assert.Equal(ReceiptError.Signature, Check(signature));
    }

    [Fact]
    public void No_altered_byte_verifies()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        for (int i = 0; i < message.Length; i++)
        {
            byte[] altered = [.. message];
            altered[i] ^= 0x10;
            Assert.NotEqual(ReceiptError.None, Check(altered));
        }
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        byte[] message = CoseSign1.Sign(key, Type, Payload, out _);
        Gen.Select(Gen.Int[0, message.Length - 1], Gen.Byte, Gen.Int[0, message.Length]).Sample((at, value, length) =>
        {
            byte[] altered = [.. message];
            altered[at] = value;
            Check(altered[..length]);
            return true;
        }, iter: 2000);
    }

    private static byte[] Bstr(ReadOnlySpan<byte> bytes) => new DeterministicCborWriter().Bytes(bytes).ToArray();

    private ReceiptError Check(byte[] message)
    {
        ReceiptError error = CoseSign1.Verify(message, key, Type, out ReadOnlySpan<byte> payload, out byte[] digest);
        Assert.True(error == ReceiptError.None || (payload.IsEmpty && digest.Length == 0));
        return error;
    }

    private byte[] SignWith(byte[] header)
    {
        byte[] digest = SHA256.HashData(CoseSign1.SigStructure(header, Payload));
        byte[] signature = key.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        byte[] message = CoseSign1.Assemble(header, Payload, signature);
        byte[] other = [.. message];
        CoseSign1.Negate(other.AsSpan(^32));
        return message.AsSpan(^32).SequenceCompareTo(other.AsSpan(^32)) < 0 ? message : other;
    }
}
