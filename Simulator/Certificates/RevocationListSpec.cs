using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Certificates;

/// <summary>
/// What differs in one certificate revocation list (RFC 5280 section 5) from the one that the simulated authority signs by
/// itself. A null leaves the field as it is.
/// </summary>
public sealed record RevocationListSpec
{
    /// <summary>Nothing differs.</summary>
    public static RevocationListSpec Standard { get; } = new();

    /// <summary>version; 1 means version 2.</summary>
    public int Version { get; init; } = 1;

    /// <summary>issuer.</summary>
    public X500DistinguishedName? Issuer { get; init; }

    /// <summary>thisUpdate.</summary>
    public DateTimeOffset? ThisUpdate { get; init; }

    /// <summary>nextUpdate.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary>Leaves nextUpdate out.</summary>
    public bool WithoutNextUpdate { get; init; }

    /// <summary>cRLNumber.</summary>
    public int? Number { get; init; }

    /// <summary>Serial numbers (big-endian) besides those that are on the list anyway.</summary>
    public ImmutableArray<byte[]> Revoked { get; init; } = [];

    /// <summary>revocationDate of every entry; thisUpdate where null.</summary>
    public DateTimeOffset? RevocationDate { get; init; }

    /// <summary>reasonCode of every entry.</summary>
    public X509RevocationReason Reason { get; init; } = X509RevocationReason.KeyCompromise;

    /// <summary>Extensions that every entry has after its reason.</summary>
    public ImmutableArray<X509Extension> EntryExtensions { get; init; } = [];

    /// <summary>Object identifiers of the list's extensions that are left out.</summary>
    public ImmutableArray<string> WithoutExtensions { get; init; } = [];

    /// <summary>Extensions of the list after its own.</summary>
    public ImmutableArray<X509Extension> Extensions { get; init; } = [];

    /// <summary>What is wrong with the signature.</summary>
    public SignatureFault Signature { get; init; }
}
