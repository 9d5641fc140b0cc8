using System.Security.Cryptography;

namespace Verathos.Fingerprint.Sketches;

/// <summary>At which depths an answer is sketched, and by which signs.</summary>
public static class SketchPlan
{
    /// <summary>Coordinates of a sketch.</summary>
    public const int Coordinates = 32;

    /// <summary>Bytes of a sketch: 32 binary32, little-endian.</summary>
    public const int Size = Coordinates * sizeof(float);

    /// <summary>Generated tokens that one sketch covers; the prompt is one chunk of its own.</summary>
    public const int ChunkTokens = 32;

    /// <summary>Bytes of a seed.</summary>
    public const int SeedSize = 32;

    /// <summary>After a quarter, a half, three quarters and all of the layers: a verifier takes one of them at random, so that no depth is safe from it.</summary>
    /// <param name="layers">Of the model.</param>
    public static int[] Depths(int layers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        return [.. Enumerable.Range(1, 4).Select(quarter => Math.Max(1, layers * quarter / 4)).Distinct()];
    }

    /// <summary>SHA-256("verathos.sketch-seed.v1" || client nonce): new for each request, so that no sketch of another answer fits.</summary>
    public static byte[] DeriveSeed(ReadOnlySpan<byte> clientNonce)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("verathos.sketch-seed.v1"u8);
        hash.AppendData(clientNonce);
        return hash.GetHashAndReset();
    }
}
