using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Validator.Proofs;

/// <summary>
/// Two receipts of one keyset with one counter and different contents: anybody can check it with nothing but this file. The keyset's bytes
/// come along, so that a node's evidence, which binds their digest, ties them to hardware.
/// </summary>
/// <param name="Version">1.</param>
/// <param name="Kind">"equivocation".</param>
/// <param name="Node">The node's name in the list of the validator that found it; not part of the proof.</param>
/// <param name="Keyset">The keyset's bytes as received.</param>
/// <param name="First">The COSE_Sign1 bytes of the receipt that was seen first.</param>
/// <param name="Second">Those of the other.</param>
public sealed record EquivocationProof(int Version, string Kind, string Node, byte[] Keyset, byte[] First, byte[] Second)
{
    /// <summary>The value of <see cref="Kind"/>.</summary>
    public const string KindName = "equivocation";

    /// <summary>What <see cref="Verify"/> says of a file that is no such proof.</summary>
    public const string NoProof = "this is no proof of an equivocation";

    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Makes a proof.</summary>
    public static EquivocationProof Of(string node, byte[] keyset, byte[] first, byte[] second) => new(1, KindName, node, keyset, first, second);

    /// <summary>The proof as JSON, bytes in base64.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Writes the proof to a folder, under a name that follows from it; again is no error.</summary>
    /// <returns>The file's name.</returns>
    public string Save(string folder)
    {
        byte[] json = ToJson();
        string name = $"equivocation-{Convert.ToHexStringLower(SHA256.HashData([.. First, .. Second]))[..16]}.json";
        string partial = Path.Combine(folder, name + ".partial");
        File.WriteAllBytes(partial, json);
        File.Move(partial, Path.Combine(folder, name), overwrite: true);
        return name;
    }

    /// <summary>Checks a proof from nothing but its bytes.</summary>
    /// <param name="json">The file.</param>
    /// <param name="keysetDigest">The keyset that is proved to have signed two histories, 32 bytes; empty where nothing is proved.</param>
    /// <returns>"proved", or what is wrong.</returns>
    public static string Verify(ReadOnlySpan<byte> json, out byte[] keysetDigest)
    {
        keysetDigest = [];
        EquivocationProof? proof;
        try
        {
            proof = JsonSerializer.Deserialize<EquivocationProof>(json, s_options);
        }
        catch (JsonException)
        {
            return NoProof;
        }

        if (proof is not { Version: 1, Kind: KindName, Keyset: not null, First: not null, Second: not null } || !Protocol.Keys.Keyset.TryParse(proof.Keyset, out Keyset? keyset, out _))
        {
            return NoProof;
        }

        using ECDsa key = keyset.SigningKey.ToECDsa();
        if (!Receipt.TryParse(proof.First, key, out Receipt? first, out _) || !Receipt.TryParse(proof.Second, key, out Receipt? second, out _))
        {
            return "the keyset did not sign both receipts";
        }

        if (!first.KeysetDigest.Span.SequenceEqual(keyset.Digest.Span) || !second.KeysetDigest.Span.SequenceEqual(keyset.Digest.Span) || first.Counter != second.Counter)
        {
            return "the receipts are not of this keyset with one counter";
        }

        if (first.Digest.Span.SequenceEqual(second.Digest.Span))
        {
            return "both are one receipt";
        }

        keysetDigest = keyset.Digest.ToArray();
        return "proved";
    }
}
