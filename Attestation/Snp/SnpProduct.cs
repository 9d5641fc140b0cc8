namespace Verathos.Attestation.Snp;

/// <summary>A product line of AMD's, by the name of its root key (AMD VCEK specification, section 3).</summary>
public enum SnpProduct
{
    /// <summary>Not known.</summary>
    Unknown = 0,

    /// <summary>Third generation EPYC.</summary>
    Milan,

    /// <summary>Fourth generation EPYC; Bergamo and Siena have Genoa's keys.</summary>
    Genoa,

    /// <summary>Fifth generation EPYC.</summary>
    Turin,
}
