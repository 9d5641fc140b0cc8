using System.Collections.Immutable;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Nvidia;

/// <summary>The fields of a reference integrity manifest (SWID tag, ISO/IEC 19770-2:2015, TCG RIM information model 1.01).</summary>
public sealed record RimSpec
{
    /// <summary>Driver or VBIOS.</summary>
    public required RimKind Kind { get; init; }

    /// <summary><c>colloquialVersion</c>; the reference version of the kind where null.</summary>
    public string? Version { get; init; }

    /// <summary>Values (48 bytes each) that differ from the reference, by RIM index; an empty list makes the index inactive.</summary>
    public ImmutableDictionary<int, ImmutableArray<byte[]>> Measurements { get; init; } =
        ImmutableDictionary<int, ImmutableArray<byte[]>>.Empty;

    /// <summary>Start of validity of the signer's certificate; yesterday where null.</summary>
    public DateTimeOffset? SignerNotBefore { get; init; }

    /// <summary>End of validity of the signer's certificate; two years after its start where null.</summary>
    public DateTimeOffset? SignerNotAfter { get; init; }

    /// <summary>What else differs in the signer's certificate.</summary>
    public CertificateSpec Signer { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the certificate of the signer's issuer, "NVIDIA Reference Value L3 GH100".</summary>
    public CertificateSpec Level3 { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the certificate above that, "NVIDIA Reference Value GH100 CA".</summary>
    public CertificateSpec Authority { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the root's certificate.</summary>
    public CertificateSpec Root { get; init; } = CertificateSpec.Standard;

    /// <summary>Which certificates (DER, signer first) the document carries, and in what order; all of them where null.</summary>
    public Func<IReadOnlyList<byte[]>, IEnumerable<byte[]>>? ArrangeChain { get; init; }

    /// <summary>Rewrites the tag, from <c>&lt;SoftwareIdentity</c> to <c>&lt;/ns0:Payload&gt;</c>, before it is signed.</summary>
    public Func<string, string>? Edit { get; init; }

    /// <summary>Rewrites <c>ds:SignedInfo</c>, in the document and in the form that is signed alike.</summary>
    public Func<string, string>? EditSignedInfo { get; init; }

    /// <summary>What is wrong with the XML signature.</summary>
    public SignatureFault Signature { get; init; }

    /// <summary>Rewrites the finished document, as somebody who cannot sign would.</summary>
    public Func<string, string>? EditSigned { get; init; }
}
