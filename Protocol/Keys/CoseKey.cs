using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Keys;

/// <summary>A public ES256 key as a COSE_Key (RFC 9053 section 7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}, nothing else.</summary>
public sealed class CoseKey
{
    private const int CoordinateLength = 32;

    private readonly byte[] x;
    private readonly byte[] y;

    private CoseKey(byte[] x, byte[] y)
    {
        this.x = x;
        this.y = y;
    }

    /// <summary>The public part of a P-256 key.</summary>
    public static CoseKey From(ECDsa key)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        if (parameters.Q.X is not { Length: CoordinateLength } || parameters.Curve.Oid.Value != "1.2.840.10045.3.1.7")
        {
            throw new ArgumentException("the key is not on the curve P-256", nameof(key));
        }

        return new CoseKey(parameters.Q.X!, parameters.Q.Y!);
    }

    /// <summary>The key as deterministic CBOR.</summary>
    public byte[] Encode() => new DeterministicCborMap()
        .Add(1, 2UL)
        .Add(3, writer => writer.Int64(-7))
        .Add(-1, 1UL)
        .Add(-2, x)
        .Add(-3, y)
        .Encode();

    /// <summary>Reads a key and checks that its point is on the curve.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out CoseKey? key)
    {
        key = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _)
            || !reader.TryReadMap(out int count) || count != 5
            || !TryInteger(ref reader, 1, 2) || !TryInteger(ref reader, 3, -7) || !TryInteger(ref reader, -1, 1)
            || !reader.TryReadInt64(out long label) || label != -2 || !reader.TryReadBytes(CoordinateLength, out byte[] x)
            || !reader.TryReadInt64(out label) || label != -3 || !reader.TryReadBytes(CoordinateLength, out byte[] y))
        {
            return false;
        }

        CoseKey candidate = new(x, y);
        try
        {
            using ECDsa _ = candidate.ToECDsa();
        }
        catch (CryptographicException)
        {
            return false;
        }

        key = candidate;
        return true;
    }

    /// <summary>The key for verification; the caller disposes it. Throws if the point is not on the curve, which <see cref="TryParse"/> rules out.</summary>
    public ECDsa ToECDsa() => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = x, Y = y },
    });

    private static bool TryInteger(ref DeterministicCborReader reader, long label, long value) =>
        reader.TryReadInt64(out long readLabel) && readLabel == label && reader.TryReadInt64(out long readValue) && readValue == value;
}
