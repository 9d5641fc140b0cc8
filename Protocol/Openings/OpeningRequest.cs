using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Openings;

/// <summary>
/// The content of a sealed request for openings, deterministic CBOR: {1: version 1, 2: receipt digest, 3: audit secret,
/// 4: what is asked}.
/// </summary>
/// <param name="ReceiptDigest">SHA-256 of the receipt's Sig_structure, 32 bytes.</param>
/// <param name="AuditSecret">The secret whose hash the receipt carries, 32 bytes; whoever made the record overwrites it.</param>
/// <param name="Ask">What is asked for.</param>
public sealed record OpeningRequest(byte[] ReceiptDigest, byte[] AuditSecret, OpeningAsk Ask)
{
    /// <summary>Media type of the content.</summary>
    public const string MediaType = "application/vnd.verathos.opening-request+cbor";

    /// <summary>The most bytes that are read.</summary>
    public const int MaximumLength = 256;

    private const ulong Version = 1;
    private const int Size = 32;

    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode() => new DeterministicCborMap()
        .Add(1, Version)
        .Add(2, ReceiptDigest)
        .Add(3, AuditSecret)
        .Add(4, Ask.Write)
        .Encode();

    /// <summary>Reads a request; exact members.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out OpeningRequest? request)
    {
        request = null;
        if (encoded.Length > MaximumLength || !DeterministicCbor.TryValidate(encoded, out _))
        {
            return false;
        }

        DeterministicCborReader reader = new(encoded);
        if (!reader.TryReadMap(out int count) || count != 4
            || !Label(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != Version
            || !Label(ref reader, 2) || !reader.TryReadBytes(Size, out byte[] receipt)
            || !Label(ref reader, 3) || !reader.TryReadBytes(Size, out byte[] secret)
            || !Label(ref reader, 4) || !OpeningAsk.TryRead(ref reader, out OpeningAsk? ask))
        {
            return false;
        }

        request = new OpeningRequest(receipt, secret, ask);
        return true;
    }

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Ask} of {Convert.ToHexStringLower(ReceiptDigest)}";

    private static bool Label(ref DeterministicCborReader reader, ulong label) => reader.TryReadUInt64(out ulong read) && read == label;
}
