using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// COSE_Sign1 (RFC 9052 section 4.2) in the one form that is used here: tag 18, protected {1: -7 (ES256), 16: typ}, unprotected
/// empty, payload inside, signature r || s with s in the lower half. A statement's hash is SHA-256 over its Sig_structure, which the
/// signature's bytes do not enter.
/// </summary>
public static class CoseSign1
{
    private const int SignatureLength = 64;
    private const int MaxLength = 65536;

    // SEC 2 section 2.4.2: n of secp256r1, and n / 2 rounded down.
    private static ReadOnlySpan<byte> Order =>
    [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    private static ReadOnlySpan<byte> HalfOrder =>
    [
        0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
    ];

    /// <summary>Signs a payload.</summary>
    /// <param name="key">A P-256 key.</param>
    /// <param name="type">The typ.</param>
    /// <param name="payload">Claims in deterministic CBOR.</param>
    /// <param name="digest">SHA-256 of the Sig_structure.</param>
    public static byte[] Sign(ECDsa key, string type, ReadOnlySpan<byte> payload, out byte[] digest)
    {
        byte[] protectedHeader = ProtectedHeader(type);
        digest = SHA256.HashData(SigStructure(protectedHeader, payload));
        byte[] signature = key.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        MakeLow(signature.AsSpan(32));
        return Assemble(protectedHeader, payload, signature);
    }

    /// <summary>Checks form and signature, in the order of <see cref="ReceiptError"/>'s members.</summary>
    /// <param name="message">Exactly one COSE_Sign1.</param>
    /// <param name="key">The signer's public key.</param>
    /// <param name="type">The typ that it must have.</param>
    /// <param name="payload">The payload in place; empty unless the signature verified.</param>
    /// <param name="digest">SHA-256 of the Sig_structure; empty unless the signature verified.</param>
    public static ReceiptError Verify(ReadOnlySpan<byte> message, ECDsa key, string type, out ReadOnlySpan<byte> payload, out byte[] digest)
    {
        payload = default;
        digest = [];
        DeterministicCborReader reader = new(message);
        if (message.Length > MaxLength || !DeterministicCbor.TryValidate(message, out _)
            || !reader.TryReadTag(out ulong tag) || tag != 18
            || !reader.TryReadArray(out int count) || count != 4
            || !reader.TryReadBytes(out ReadOnlySpan<byte> protectedHeader)
            || !reader.TryReadMap(out int unprotected))
        {
            return ReceiptError.Malformed;
        }

        if (unprotected != 0)
        {
            return ReceiptError.Unprotected;
        }

        if (!reader.TryReadBytes(out ReadOnlySpan<byte> content) || !reader.TryReadBytes(out ReadOnlySpan<byte> signature))
        {
            return ReceiptError.Malformed;
        }

        ReceiptError error = CheckProtected(protectedHeader, type);
        if (error != ReceiptError.None)
        {
            return error;
        }

        if (!IsCanonical(signature))
        {
            return ReceiptError.SignatureForm;
        }

        byte[] hash = SHA256.HashData(SigStructure(protectedHeader, content));
        if (!key.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
        {
            return ReceiptError.Signature;
        }

        payload = content;
        digest = hash;
        return ReceiptError.None;
    }

    /// <summary>The Sig_structure (RFC 9052 section 4.4): ["Signature1", protected, empty external data, payload].</summary>
    internal static byte[] SigStructure(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> payload) =>
        new DeterministicCborWriter().Array(4).Text("Signature1").Bytes(protectedHeader).Bytes([]).Bytes(payload).ToArray();

    internal static byte[] ProtectedHeader(string type) =>
        new DeterministicCborMap().Add(1, writer => writer.Int64(-7)).Add(16, type).Encode();

    internal static byte[] Assemble(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> signature) =>
        new DeterministicCborWriter().Tag(18).Array(4).Bytes(protectedHeader).Map(new DeterministicCborMap()).Bytes(payload).Bytes(signature).ToArray();

    /// <summary>Replaces s by n - s: an equally valid signature of the other form.</summary>
    internal static void Negate(Span<byte> s)
    {
        int borrow = 0;
        for (int i = 31; i >= 0; i--)
        {
            int difference = Order[i] - s[i] - borrow;
            borrow = difference < 0 ? 1 : 0;
            s[i] = (byte)difference;
        }
    }

    private static void MakeLow(Span<byte> s)
    {
        if (s.SequenceCompareTo(HalfOrder) > 0)
        {
            Negate(s);
        }
    }

    private static bool IsCanonical(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
        {
            return false;
        }

        ReadOnlySpan<byte> r = signature[..32];
        ReadOnlySpan<byte> s = signature[32..];
        return r.ContainsAnyExcept((byte)0) && s.ContainsAnyExcept((byte)0)
            && r.SequenceCompareTo(Order) < 0 && s.SequenceCompareTo(HalfOrder) <= 0;
    }

    private static ReceiptError CheckProtected(ReadOnlySpan<byte> header, string type)
    {
        DeterministicCborReader reader = new(header);
        if (!DeterministicCbor.TryValidate(header, out _)
            || !reader.TryReadMap(out int count) || count != 2
            || !reader.TryReadInt64(out long label) || label != 1 || !reader.TryReadInt64(out long algorithm))
        {
            return ReceiptError.Malformed;
        }

        if (algorithm != -7)
        {
            return ReceiptError.Algorithm;
        }

        if (!reader.TryReadInt64(out label) || label != 16 || !reader.TryReadText(out string readType))
        {
            return ReceiptError.Malformed;
        }

        return readType == type ? ReceiptError.None : ReceiptError.Type;
    }
}
