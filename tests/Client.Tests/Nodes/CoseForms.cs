using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Client.Tests.Nodes;

/// <summary>Signed statements in forms that no honest node makes.</summary>
internal static class CoseForms
{
    /// <summary>A signature by the node's key over another header.</summary>
    public static byte[] Assemble(TestKeys keys, string type, byte[] claims, long algorithm = -7, DeterministicCborMap? unprotected = null)
    {
        byte[] header = new DeterministicCborMap().Add(1, writer => writer.Int64(algorithm)).Add(16, type).Encode();
        byte[] structure = new DeterministicCborWriter().Array(4).Text("Signature1").Bytes(header).Bytes([]).Bytes(claims).ToArray();
        byte[] signature;
        do
        {
            signature = keys.Signing.SignData(structure, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        while (signature[32] >= 0x7f);
        return new DeterministicCborWriter().Tag(18).Array(4).Bytes(header).Map(unprotected ?? new DeterministicCborMap()).Bytes(claims).Bytes(signature).ToArray();
    }

    /// <summary>The other signature that .NET takes for the same message: s replaced by n - s.</summary>
    public static byte[] WithHighS(byte[] cose)
    {
        System.Numerics.BigInteger order = System.Numerics.BigInteger.Parse(
            "0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            System.Globalization.NumberStyles.HexNumber,
            System.Globalization.CultureInfo.InvariantCulture);
        byte[] changed = [.. cose];
        Span<byte> s = changed.AsSpan(changed.Length - 32);
        byte[] high = (order - new System.Numerics.BigInteger(s, isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
        s.Clear();
        high.CopyTo(s[(32 - high.Length)..]);
        return changed;
    }
}
