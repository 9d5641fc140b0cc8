using Verathos.Attestation.Snp;

namespace Verathos.Attestation.Policies;

/// <summary>The <c>snp</c> section: SEV-SNP reports. Measurements are lists of accepted values in the byte order of the report.</summary>
public sealed record SnpPolicy
{
    /// <summary><c>snp.debug</c>: only <c>"off"</c> exists; waiving it admits guests that the host can read.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary><c>snp.migration</c>: only <c>"off"</c> exists: no migration agent may take the guest elsewhere.</summary>
    public required PolicyField<bool> MigrationOff { get; init; }

    /// <summary><c>snp.reserved</c>: only <c>"zero"</c> exists: every reserved bit has its prescribed value.</summary>
    public required PolicyField<bool> ReservedZero { get; init; }

    /// <summary><c>snp.revocation</c>: only <c>"crl"</c> exists; waiving it admits keys of which nothing says whether they are revoked.</summary>
    public required PolicyField<bool> RevocationListRequired { get; init; }

    /// <summary><c>snp.maxCollateralAgeSeconds</c>: how old the revocation list may be, counted from its issue.</summary>
    public required PolicyField<TimeSpan> MaxCollateralAge { get; init; }

    /// <summary><c>snp.products</c>: product lines.</summary>
    public required PolicyField<IReadOnlyList<SnpProduct>> Products { get; init; }

    /// <summary><c>snp.signingKeys</c>: <c>VCEK</c>, <c>VLEK</c> or both.</summary>
    public required PolicyField<IReadOnlyList<SnpSigningKey>> SigningKeys { get; init; }

    /// <summary><c>snp.vmpls</c>: privilege levels that may have asked for the report.</summary>
    public required PolicyField<IReadOnlyList<int>> Vmpls { get; init; }

    /// <summary><c>snp.guestPolicy</c>: the guest's policy, 8 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> GuestPolicy { get; init; }

    /// <summary><c>snp.platformInfo</c>: 8 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> PlatformInfo { get; init; }

    /// <summary><c>snp.minGuestSvn</c>.</summary>
    public required PolicyField<int> MinGuestSvn { get; init; }

    /// <summary><c>snp.minReportedTcb</c>: <c>{"bootLoader", "tee", "snp", "microcode"}</c>, on Turin with <c>"fmc"</c>.</summary>
    public required PolicyField<SnpTcb> MinReportedTcb { get; init; }

    /// <summary><c>snp.minCommittedTcb</c>.</summary>
    public required PolicyField<SnpTcb> MinCommittedTcb { get; init; }

    /// <summary><c>snp.minLaunchTcb</c>.</summary>
    public required PolicyField<SnpTcb> MinLaunchTcb { get; init; }

    /// <summary><c>snp.mitigations</c>: bits that launch and current mitigation vectors must both have, 8 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> Mitigations { get; init; }

    /// <summary><c>snp.measurements</c>: launch measurements, 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Measurements { get; init; }

    /// <summary><c>snp.hostData</c>: 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> HostData { get; init; }

    /// <summary><c>snp.reportData</c>: 64 bytes each, for evidence that binds no nonce.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> ReportData { get; init; }

    /// <summary><c>snp.familyIds</c>: 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> FamilyIds { get; init; }

    /// <summary><c>snp.imageIds</c>: 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> ImageIds { get; init; }

    /// <summary><c>snp.idKeys</c>: digests of the keys that signed the ID block, 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> IdKeys { get; init; }

    /// <summary><c>snp.authorKeys</c>: digests of author keys, 48 bytes each; the report must say that it has one.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> AuthorKeys { get; init; }

    /// <summary><c>snp.chips</c>: single chips that may run, 64 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Chips { get; init; }

    /// <summary><c>snp.deniedChips</c>: single chips that may not run, 64 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> DeniedChips { get; init; }

    internal static SnpPolicy Read(PolicySection section) => new()
    {
        DebugOff = section.Field<bool>("debug", PolicyValues.Only("off")),
        MigrationOff = section.Field<bool>("migration", PolicyValues.Only("off")),
        ReservedZero = section.Field<bool>("reserved", PolicyValues.Only("zero")),
        RevocationListRequired = section.Field<bool>("revocation", PolicyValues.Only("crl")),
        MaxCollateralAge = section.Field<TimeSpan>("maxCollateralAgeSeconds", PolicyValues.Seconds),
        Products = section.Field<IReadOnlyList<SnpProduct>>("products", PolicyValues.SnpProductList),
        SigningKeys = section.Field<IReadOnlyList<SnpSigningKey>>("signingKeys", PolicyValues.SnpSigningKeys),
        Vmpls = section.Field<IReadOnlyList<int>>("vmpls", PolicyValues.Vmpls),
        GuestPolicy = section.Field<MaskedValue>("guestPolicy", PolicyValues.Masked(8)),
        PlatformInfo = section.Field<MaskedValue>("platformInfo", PolicyValues.Masked(8)),
        MinGuestSvn = section.Field<int>("minGuestSvn", PolicyValues.Integer),
        MinReportedTcb = section.Field<SnpTcb>("minReportedTcb", PolicyValues.Tcb),
        MinCommittedTcb = section.Field<SnpTcb>("minCommittedTcb", PolicyValues.Tcb),
        MinLaunchTcb = section.Field<SnpTcb>("minLaunchTcb", PolicyValues.Tcb),
        Mitigations = section.Field<MaskedValue>("mitigations", PolicyValues.Masked(8)),
        Measurements = section.HexList("measurements", 48),
        HostData = section.HexList("hostData", 32),
        ReportData = section.HexList("reportData", 64),
        FamilyIds = section.HexList("familyIds", 16),
        ImageIds = section.HexList("imageIds", 16),
        IdKeys = section.HexList("idKeys", 48),
        AuthorKeys = section.HexList("authorKeys", 48),
        Chips = section.HexList("chips", 64),
        DeniedChips = section.HexList("deniedChips", 64),
    };
}
