using System.Collections.Immutable;
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

    /// <summary>What is wrong with the XML signature.</summary>
    public SignatureFault Signature { get; init; }

    /// <summary>Rewrites the finished document, as somebody who cannot sign would.</summary>
    public Func<string, string>? EditSigned { get; init; }
}
