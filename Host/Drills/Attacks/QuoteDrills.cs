using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Simulator.Tdx;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Quotes that no trusted hardware made.</summary>
internal static class QuoteDrills
{
    private const int Body = 48 + 584;
    private const int Signature = Body + sizeof(uint);
    private const int AttestationKey = Signature + 64;

    public static IEnumerable<Drill> All()
    {
        yield return RogueDrills.Swaps(
            "quote-of-32-bytes", "The node shows a hash of 32 bytes in the place of a quote.", CheckNames.QuoteFormat, Sources.Predecessor,
            shown => shown.Own with { CpuEvidence = SHA256.HashData(shown.Nonce) });
        yield return RogueDrills.Quotes(
            "quote-self-signed", "A platform certificate that the node signed itself vouches for the quote.", CheckNames.QuoteChain, Sources.Predecessor,
            RogueDrills.Quote with { Pck = new PckSpec { SelfSigned = true } });
        yield return RogueDrills.Quotes(
            "quote-signature-foreign", "Another key than the attestation key signs the quote.", CheckNames.QuoteSignature, Sources.Formats,
            RogueDrills.Quote with { Signature = SignatureFault.ForeignKey });
        yield return RogueDrills.Swaps(
            "quote-signature-zero", "The quote's signature is all zeros.", CheckNames.QuoteSignature, Sources.Formats,
            shown => Requote(shown, quote => quote.AsSpan(Signature, 64).Clear()));
        yield return RogueDrills.Swaps(
            "attestation-key-beside-the-report", "A recorded quoting enclave's report stands beside an attestation key of the attacker's.", CheckNames.QuoteQeReportData, Sources.Predecessor,
            shown => Requote(shown, Resign));
        yield return RogueDrills.Quotes(
            "quoting-enclave-not-signed", "The platform did not sign the quoting enclave's report.", CheckNames.QuoteQeReportSignature, Sources.Formats,
            RogueDrills.Quote with { Qe = new QeReportSpec { Signature = SignatureFault.ForeignKey } });
        yield return RogueDrills.Quotes(
            "quoting-enclave-foreign", "Another enclave than Intel's quoting enclave signs quotes.", CheckNames.TcbQeIdentity, Sources.Formats,
            RogueDrills.Quote with { Qe = new QeReportSpec { MrSigner = new byte[32] } });
        yield return RogueDrills.Quotes(
            "quoting-enclave-vendor", "The quote names another vendor's quoting enclave.", "policy.tdx.qeVendors", Sources.Formats,
            RogueDrills.Quote with { QeVendorId = new byte[16] });
        yield return RogueDrills.Shows(
            "platform-certificate-expired", "The platform's certificate has ended.", CheckNames.QuoteChain, Sources.Formats,
            ground => new NodePlan
            {
                Quote = RogueDrills.Quote with { Pck = new PckSpec { NotBefore = ground.Time.GetUtcNow().AddYears(-8), NotAfter = ground.Time.GetUtcNow().AddDays(-1) } },
            });
    }

    // The measured body, signed by a key of the attacker's, which takes the place of the attestation key.
    private static void Resign(byte[] quote)
    {
        using ECDsa forged = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECPoint point = forged.ExportParameters(includePrivateParameters: false).Q;
        forged.SignData(quote.AsSpan(0, Body), HashAlgorithmName.SHA256).CopyTo(quote.AsSpan(Signature));
        point.X!.CopyTo(quote.AsSpan(AttestationKey));
        point.Y!.CopyTo(quote.AsSpan(AttestationKey + 32));
    }

    private static Protocol.Evidence.EvidenceCollection Requote(RogueShow shown, Action<byte[]> edit)
    {
        byte[] quote = shown.Own.CpuEvidence.ToArray();
        edit(quote);
        return shown.Own with { CpuEvidence = quote };
    }
}
