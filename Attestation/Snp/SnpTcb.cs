namespace Verathos.Attestation.Snp;

/// <summary>
/// The SVNs of an AMD processor's trusted computing base (SEV-SNP ABI specification, TCB_VERSION). The byte order differs by
/// product: Milan and Genoa have boot loader, TEE, four reserved, SNP and microcode; Turin has FMC, boot loader, TEE, SNP, three
/// reserved and microcode.
/// </summary>
/// <param name="BootLoader">AMD boot loader.</param>
/// <param name="Tee">AMD secure processor operating system.</param>
/// <param name="Snp">SNP firmware.</param>
/// <param name="Microcode">Microcode of all cores.</param>
/// <param name="Fmc">First mutable code; null before Turin.</param>
/// <param name="ReservedZero">True where the reserved bytes are zero.</param>
public readonly record struct SnpTcb(byte BootLoader, byte Tee, byte Snp, byte Microcode, byte? Fmc, bool ReservedZero = true)
{
    /// <summary>Reads eight bytes in a product's order.</summary>
    public static SnpTcb Read(ReadOnlySpan<byte> bytes, SnpProduct product) => product == SnpProduct.Turin
        ? new SnpTcb(bytes[1], bytes[2], bytes[3], bytes[7], bytes[0], !bytes[4..7].ContainsAnyExcept((byte)0))
        : new SnpTcb(bytes[0], bytes[1], bytes[6], bytes[7], null, !bytes[2..6].ContainsAnyExcept((byte)0));

    /// <summary>True where every SVN is at least the other's; one that only the other has counts as too low.</summary>
    public bool IsAtLeast(SnpTcb minimum) =>
        BootLoader >= minimum.BootLoader && Tee >= minimum.Tee && Snp >= minimum.Snp && Microcode >= minimum.Microcode
        && (minimum.Fmc is not { } fmc || Fmc >= fmc);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Fmc is { } fmc ? $"fmc {fmc}, " : "")}bootloader {BootLoader}, tee {Tee}, snp {Snp}, microcode {Microcode}";
}
