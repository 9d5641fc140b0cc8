using System.Security.Cryptography;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>A RIM with the outcome of its signature check, which does not depend on the time.</summary>
internal sealed class VerifiedRim
{
    private VerifiedRim(string product, string version, IReadOnlyList<RimMeasurement> measurements, CertificatePath? path, string? problem)
    {
        Product = product;
        Version = version;
        Measurements = measurements;
        Path = path;
        Problem = problem;
    }

    public string Product { get; }

    public string Version { get; }

    public IReadOnlyList<RimMeasurement> Measurements { get; }

    public CertificatePath? Path { get; }

    /// <summary>Why the signature does not hold; null where it does.</summary>
    public string? Problem { get; }

    /// <summary>Parses and verifies, or finds the earlier result for the same bytes and root. Null with an error where it does not parse.</summary>
    public static VerifiedRim? Verify(ReadOnlyMemory<byte> xml, ReadOnlySpan<byte> rootSpki, out ParseError error)
    {
        Span<byte> id = stackalloc byte[64];
        SHA256.HashData(xml.Span, id);
        SHA256.HashData(rootSpki, id[32..]);
        byte[] key = SHA256.HashData(id);
        error = default;
        if (VerificationCache.Rims.TryGet(key, out VerifiedRim? verified))
        {
            return verified;
        }

        if (!Rim.TryParse(xml, out Rim? rim, out error))
        {
            return null;
        }

        string? problem = RimSignature.TryVerify(rim!.Document, rootSpki, out CertificatePath? path, out string reason) ? null : reason;
        verified = new VerifiedRim(rim.Product, rim.Version, rim.Measurements, path, problem);

        // A file that nobody trusted signed is judged each time anew: kept, it would be memory that any sender fills.
        return problem is null ? VerificationCache.Rims.Add(key, verified) : verified;
    }

    /// <summary>Why the RIM is not to be relied on at a time; null where it is.</summary>
    public string? ProblemAt(DateTimeOffset at) => Problem ?? (Path!.CheckValidity(at, out string problem) ? null : problem);
}
