using Verathos.Attestation.Dcap;

namespace Verathos.Attestation.Tdx;

/// <summary>A TDX guest's quote of version 4 or 5: a <see cref="DcapQuote"/> whose body is a TD report.</summary>
public sealed class TdxQuote
{
    private readonly DcapQuote _quote;

    private TdxQuote(DcapQuote quote) => _quote = quote;

    /// <summary>The quoting enclave's vendor, 16 bytes.</summary>
    public ReadOnlyMemory<byte> QeVendorId => _quote.QeVendorId;

    /// <summary>Vendor data of the header, 20 bytes.</summary>
    public ReadOnlyMemory<byte> UserData => _quote.UserData;

    /// <summary>The guest's report.</summary>
    public TdReport Body => _quote.Td!.Value;

    /// <summary>Header and body: what the attestation key signed.</summary>
    public ReadOnlyMemory<byte> SignedBytes => _quote.SignedBytes;

    /// <summary>The attestation key's signature, r || s, big-endian.</summary>
    public ReadOnlyMemory<byte> Signature => _quote.Signature.Signature;

    /// <summary>The attestation key, x || y, big-endian.</summary>
    public ReadOnlyMemory<byte> AttestationKey => _quote.Signature.AttestationKey;

    /// <summary>The quoting enclave's report.</summary>
    public EnclaveReport QeReport => _quote.Signature.QeReport;

    /// <summary>The PCK's signature over <see cref="QeReport"/>, r || s, 64 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> QeReportSignature => _quote.Signature.QeReportSignature;

    /// <summary>The quoting enclave's authentication data.</summary>
    public ReadOnlyMemory<byte> QeAuthenticationData => _quote.Signature.QeAuthenticationData;

    /// <summary>The PCK certificate chain as PEM, in whatever order; with other certification data than of type 5, that data.</summary>
    public ReadOnlyMemory<byte> PckChain => _quote.Signature.CertificationData;

    /// <summary>Parses a quote. Zero bytes may follow its end; anything else there is an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out TdxQuote? quote, out ParseError error)
    {
        quote = null;
        if (!DcapQuote.TryParse(bytes, out DcapQuote? parsed, out error))
        {
            return false;
        }

        if (!parsed!.IsTdx)
        {
            error = new ParseError("TEE Type", "this is an SGX enclave's quote", 4) { IsUnsupported = true };
            return false;
        }

        quote = new TdxQuote(parsed);
        return true;
    }
}
