namespace Verathos.Attestation.Snp;

/// <summary>Which product line a processor belongs to.</summary>
internal static class SnpProducts
{
    /// <summary>By CPUID family and model (AMD VCEK specification, table 1).</summary>
    public static SnpProduct Of(int family, int model) => (family, model) switch
    {
        (0x19, <= 0x0F) => SnpProduct.Milan,
        (0x19, >= 0x10 and <= 0x1F) => SnpProduct.Genoa,
        (0x19, >= 0xA0 and <= 0xAF) => SnpProduct.Genoa,
        (0x1A, <= 0x11) => SnpProduct.Turin,
        _ => SnpProduct.Unknown,
    };

    /// <summary>By a name that a person gives, such as <c>Milan</c>, <c>Siena</c> or <c>Genoa-B1</c>.</summary>
    public static bool TryFind(string name, out SnpProduct product)
    {
        int dash = name.IndexOf('-', StringComparison.Ordinal);
        product = (dash < 0 ? name : name[..dash]).ToUpperInvariant() switch
        {
            "MILAN" => SnpProduct.Milan,
            "GENOA" or "BERGAMO" or "SIENA" => SnpProduct.Genoa,
            "TURIN" => SnpProduct.Turin,
            _ => SnpProduct.Unknown,
        };
        return product != SnpProduct.Unknown;
    }
}
