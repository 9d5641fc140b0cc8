using System.Globalization;
using System.Security.Cryptography;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Snp;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>One document that is wanted. <see cref="Name"/> and <see cref="Channel"/> hold nothing but letters, digits, dots, dashes and underscores.</summary>
internal abstract record CollateralItem
{
    private const int LongestName = 200;

    public abstract CollateralKind Kind { get; }

    /// <summary>Which document of its kind.</summary>
    public abstract string Name { get; }

    /// <summary>The line of TCB evaluations; empty for kinds that have none.</summary>
    public virtual string Channel => "";

    /// <summary>True where a document of that name never changes.</summary>
    public virtual bool IsImmutable => false;

    /// <summary>What it is, in words.</summary>
    public abstract string Title { get; }

    /// <summary>True where a text can be part of an address and of a file's name.</summary>
    public static bool IsPlain(string text) =>
        text.Length is > 0 and <= LongestName && !text.Contains("..", StringComparison.Ordinal) && text[0] != '.'
        && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_');

    public sealed record PlatformTcb(bool Tdx, string Fmspc, TcbSelection Selection) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.TcbInfo;

        public override string Name => NameOf(Tdx ? "TDX" : "SGX", Fmspc);

        public override string Channel => Selection.Channel;

        public override string Title => $"Intel's {(Tdx ? "TDX" : "SGX")} TCB info for FMSPC {Fmspc} ({Channel})";

        public static string NameOf(string id, string fmspc) => $"{id}-{fmspc}".ToLowerInvariant();
    }

    public sealed record Qe(bool Tdx, TcbSelection Selection) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.QeIdentity;

        public override string Name => Tdx ? "td_qe" : "qe";

        public override string Channel => Selection.Channel;

        public override string Title => $"Intel's identity of the {(Tdx ? "TDX" : "SGX")} quoting enclave ({Channel})";
    }

    public sealed record PckCrl(string Ca) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.PckCrl;

        public override string Name => Ca;

        public override string Title => $"the revocation list of Intel's PCK {Ca} CA";
    }

    /// <param name="RootPem">The root's certificate, which the list does not carry.</param>
    public sealed record RootCrl(ReadOnlyMemory<byte> RootPem) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.RootCaCrl;

        public override string Name => "root";

        public override string Title => "the revocation list of the Intel SGX Root CA";
    }

    /// <summary>The certificate that a quote's certification data of the types 1 to 3 names.</summary>
    public sealed record Pck(ReadOnlyMemory<byte> QeId, PckIdentity Identity) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.PckCertificate;

        public override string Name => Convert.ToHexStringLower(SHA256.HashData([.. QeId.Span, (byte)Identity.Type, .. Identity.Bytes.Span]));

        public override bool IsImmutable => true;

        public override string Title => "the PCK certificate that the quote names";
    }

    /// <param name="Product">The product line.</param>
    /// <param name="HardwareId">64 bytes, on Turin 8.</param>
    /// <param name="Tcb">The TCB that the key is derived from.</param>
    public sealed record Vcek(SnpProduct Product, ReadOnlyMemory<byte> HardwareId, SnpTcb Tcb) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.Vcek;

        public override string Name => NameOf(Product, HardwareId.Span, Tcb);

        public override bool IsImmutable => true;

        public override string Title => $"the VCEK certificate of the {Product} chip {Convert.ToHexStringLower(HardwareId.Span[..8])} for {Tcb}";

        public static string NameOf(SnpProduct product, ReadOnlySpan<byte> hardwareId, SnpTcb tcb)
        {
            string fmc = tcb.Fmc is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value}.") : "";
            string svns = string.Create(CultureInfo.InvariantCulture, $"{fmc}{tcb.BootLoader}.{tcb.Tee}.{tcb.Snp}.{tcb.Microcode}");
            return $"{product}-{Convert.ToHexString(hardwareId)}-{svns}".ToLowerInvariant();
        }
    }

    public sealed record AmdCrl(SnpProduct Product) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.AmdCrl;

        public override string Name => NameOf(Product);

        public override string Title => $"the revocation list of ARK-{Product}";

        public static string NameOf(SnpProduct product) => product.ToString().ToLowerInvariant();
    }

    /// <param name="Id">NVIDIA's identifier; made of what a report says, so it is checked before it is used.</param>
    /// <param name="Chip">The chip, such as <c>GH100</c>.</param>
    /// <param name="Version">The driver's or firmware's version, as a report spells it.</param>
    public sealed record Rim(string Id, string Chip, string Version) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.Rim;

        // By what the file itself says, so that one that came by hand is found too.
        public override string Name => NameOf(Chip, Version);

        public override bool IsImmutable => true;

        public override string Title => $"the reference measurements {Id}";

        public static string NameOf(string chip, string version) => $"{chip.Replace("_", "", StringComparison.Ordinal)}-{version}".ToLowerInvariant();
    }

    /// <param name="Certificate">The certificate that is asked about.</param>
    /// <param name="Issuer">Its issuer.</param>
    /// <param name="ChainPem">The certificate and all above it, to the root.</param>
    public sealed record Ocsp(Certificate Certificate, Certificate Issuer, ReadOnlyMemory<byte> ChainPem) : CollateralItem
    {
        public override CollateralKind Kind => CollateralKind.OcspAnswer;

        public override string Name => NameOf(Certificate, Issuer);

        public override string Title => $"the responder's answer about \"{Certificate.CommonName}\" {Certificate.SerialHex}";

        public static string NameOf(Certificate certificate, Certificate issuer) =>
            Convert.ToHexStringLower(SHA256.HashData([.. issuer.SpkiDigest.Span, .. SHA256.HashData(issuer.SubjectName.Span), .. certificate.SerialNumber.Span]));
    }
}
