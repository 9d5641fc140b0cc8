using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>LabeledExtract and LabeledExpand over HKDF-SHA256 (RFC 9180 section 4).</summary>
internal static class LabeledHkdf
{
    public const int HashLength = 32;

    private static ReadOnlySpan<byte> Version => "HPKE-v1"u8;

    public static SecretBytes Extract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> input)
    {
        using SecretBytes labeled = new(Version.Length + suite.Length + label.Length + input.Length);
        Span<byte> rest = labeled.Span;
        rest = Append(Append(Append(rest, Version), suite), label);
        input.CopyTo(rest);
        SecretBytes key = new(HashLength);
        HKDF.Extract(HashAlgorithmName.SHA256, labeled.Span, salt, key.Span);
        return key;
    }

    public static void Expand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        byte[] labeled = new byte[2 + Version.Length + suite.Length + label.Length + info.Length];
        BinaryPrimitives.WriteUInt16BigEndian(labeled, checked((ushort)output.Length));
        Span<byte> rest = labeled.AsSpan(2);
        rest = Append(Append(Append(rest, Version), suite), label);
        info.CopyTo(rest);
        HKDF.Expand(HashAlgorithmName.SHA256, key, output, labeled);
    }

    private static Span<byte> Append(Span<byte> destination, ReadOnlySpan<byte> source)
    {
        source.CopyTo(destination);
        return destination[source.Length..];
    }
}
