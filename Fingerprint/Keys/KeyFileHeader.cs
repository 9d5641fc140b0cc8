using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// What a validator's key file is about. Encoded as "VTHKEYS1", the file's id (16), the epoch (8, big-endian), the manifest's root
/// (32), and the profile's identifier in ASCII behind its length (1).
/// </summary>
/// <param name="FileId">16 random bytes, so that no two files are sealed under one key.</param>
/// <param name="Epoch">Keys hold for one epoch.</param>
/// <param name="ManifestRoot">32 bytes: the model whose weights the keys were made from.</param>
/// <param name="Profile">The numeric profile's identifier.</param>
public sealed record KeyFileHeader(ReadOnlyMemory<byte> FileId, long Epoch, ReadOnlyMemory<byte> ManifestRoot, string Profile)
{
    /// <summary>Bytes of a file's id.</summary>
    public const int FileIdSize = 16;

    private const int MaximumProfile = 64;
    private const int FixedSize = 8 + FileIdSize + sizeof(long) + MerkleTree.HashSize + 1;

    private static ReadOnlySpan<byte> Magic => "VTHKEYS1"u8;

    /// <summary>The encoding.</summary>
    /// <exception cref="ArgumentException">A member has not the length that it must have.</exception>
    public byte[] Encode()
    {
        byte[] profile = Encoding.ASCII.GetBytes(Profile);
        if (FileId.Length != FileIdSize || ManifestRoot.Length != MerkleTree.HashSize || Epoch < 0 || !IsProfile(profile) || profile.Length != Profile.Length)
        {
            throw new ArgumentException("a key file has an id of 16 bytes, a root of 32, an epoch and a profile");
        }

        byte[] encoded = new byte[FixedSize + profile.Length];
        Magic.CopyTo(encoded);
        FileId.Span.CopyTo(encoded.AsSpan(8));
        BinaryPrimitives.WriteInt64BigEndian(encoded.AsSpan(24), Epoch);
        ManifestRoot.Span.CopyTo(encoded.AsSpan(32));
        encoded[FixedSize - 1] = (byte)profile.Length;
        profile.CopyTo(encoded, FixedSize);
        return encoded;
    }

    /// <summary>Reads the header that a stream begins with.</summary>
    /// <returns>False where there is none, or one of another version.</returns>
    public static bool TryRead(Stream stream, [NotNullWhen(true)] out KeyFileHeader? header)
    {
        ArgumentNullException.ThrowIfNull(stream);
        header = null;
        byte[] start = new byte[FixedSize];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.AsSpan().StartsWith(Magic))
        {
            return false;
        }

        byte[] profile = new byte[start[^1]];
        long epoch = BinaryPrimitives.ReadInt64BigEndian(start.AsSpan(24));
        if (stream.ReadAtLeast(profile, profile.Length, throwOnEndOfStream: false) < profile.Length || !IsProfile(profile) || epoch < 0)
        {
            return false;
        }

        header = new KeyFileHeader(start.AsMemory(8, FileIdSize), epoch, start.AsMemory(32, MerkleTree.HashSize), Encoding.ASCII.GetString(profile));
        return true;
    }

    private static bool IsProfile(ReadOnlySpan<byte> profile) => profile.Length is >= 1 and <= MaximumProfile && !profile.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
