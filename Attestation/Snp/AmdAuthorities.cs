using System.Collections.Concurrent;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Snp;

/// <summary>AMD's public intermediates and roots, as its key distribution service gives them out. They are trusted by their pins alone.</summary>
internal static class AmdAuthorities
{
    private static readonly ConcurrentDictionary<(SnpProduct Product, SnpSigningKey Kind), IReadOnlyList<Certificate>> Read = new();

    /// <summary>Intermediate and root of a product line's VCEKs or VLEKs; empty where there are none.</summary>
    public static IReadOnlyList<Certificate> Of(SnpProduct product, SnpSigningKey kind) => Read.GetOrAdd((product, kind), static key =>
    {
        string name = $"amd/{key.Product.ToString().ToLowerInvariant()}-{(key.Kind == SnpSigningKey.Vlek ? "vlek" : "vcek")}.pem";
        using Stream? stream = typeof(AmdAuthorities).Assembly.GetManifestResourceStream(name);
        if (stream is null)
        {
            return [];
        }

        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return PemReader.TryRead(bytes.ToArray(), out IReadOnlyList<Certificate> certificates, out _) ? certificates : [];
    });
}
