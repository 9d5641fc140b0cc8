using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>What an SGX or TDX quote needs: TCB info, QE identity, two revocation lists, and a PCK certificate where it carries none.</summary>
internal static class QuotePlan
{
    private const string PckLeafName = "Intel SGX PCK Certificate";

    public static bool TryCreate(ReadOnlyMemory<byte> quote, TcbSelection selection, JsonObject given, out CollateralPlan? plan, out string problem)
    {
        plan = null;
        problem = "";
        if (CollateralPlan.Has(given, "tcb_info"))
        {
            plan = new CollateralPlan(given, (_, _, _) => Task.CompletedTask);
            return true;
        }

        if (!DcapQuote.TryParse(quote, out DcapQuote? parsed, out ParseError error))
        {
            return CollateralPlan.Fail(error.ToString(), out problem);
        }

        DcapSignatureData proof = parsed!.Signature;
        if (proof.CertificationType < CertificationDataType.PckLeaf)
        {
            CollateralItem.Pck named = new(parsed.UserData[..16], new PckIdentity(proof.CertificationData, proof.CertificationType));
            plan = new CollateralPlan(given, (collector, result, token) => CollectAsync(parsed.IsTdx, selection, null, named, collector, result, token));
            return true;
        }

        if (!PemReader.TryRead(proof.CertificationData.Span, out IReadOnlyList<Certificate> certificates, out error))
        {
            return CollateralPlan.Fail(error.ToString(), out problem);
        }

        if (!TryRead(certificates, out Platform? platform, out problem))
        {
            return false;
        }

        plan = new CollateralPlan(given, (collector, result, token) => CollectAsync(parsed.IsTdx, selection, platform, null, collector, result, token));
        return true;
    }

    private static async Task CollectAsync(
        bool tdx, TcbSelection selection, Platform? platform, CollateralItem.Pck? named, CollateralCollector collector, JsonObject result, CancellationToken token)
    {
        if (named is not null)
        {
            ReadOnlyMemory<byte> chain = CollateralPlan.Has(result, "pck_certificate_chain") && result["pck_certificate_chain"] is JsonValue text && text.TryGetValue(out string? pem)
                ? Encoding.UTF8.GetBytes(pem)
                : (await collector.GetAsync(named, token).ConfigureAwait(false)).Body;
            result["pck_certificate_chain"] = Encoding.UTF8.GetString(chain.Span);
            if (!PemReader.TryRead(chain.Span, out IReadOnlyList<Certificate> certificates, out ParseError error))
            {
                throw new CollateralException(FetchFailure.WrongContent, error.ToString());
            }

            if (!TryRead(certificates, out platform, out string problem))
            {
                throw new CollateralException(FetchFailure.WrongContent, problem);
            }
        }

        CollateralDocument tcb = await collector.GetAsync(new CollateralItem.PlatformTcb(tdx, platform!.Fmspc, selection), token).ConfigureAwait(false);
        CollateralDocument qe = await collector.GetAsync(new CollateralItem.Qe(tdx, selection), token).ConfigureAwait(false);
        CollateralDocument pckList = await collector.GetAsync(new CollateralItem.PckCrl(platform.Ca), token).ConfigureAwait(false);
        CollateralDocument rootList = await collector.GetAsync(new CollateralItem.RootCrl(RootOf(pckList.ChainPem)), token).ConfigureAwait(false);
        result["pck_crl_issuer_chain"] = Text(pckList.ChainPem);
        result["root_ca_crl"] = Convert.ToHexStringLower(rootList.Body.Span);
        result["pck_crl"] = Convert.ToHexStringLower(pckList.Body.Span);
        result["tcb_info_issuer_chain"] = Text(tcb.ChainPem);
        result["tcb_info"] = Text(tcb.Body);
        result["tcb_info_signature"] = Convert.ToHexStringLower(tcb.Signature.Span);
        result["qe_identity_issuer_chain"] = Text(qe.ChainPem);
        result["qe_identity"] = Text(qe.Body);
        result["qe_identity_signature"] = Convert.ToHexStringLower(qe.Signature.Span);
    }

    /// <summary>The self-issued certificate of a chain, PEM; empty where there is none.</summary>
    internal static ReadOnlyMemory<byte> RootOf(ReadOnlyMemory<byte> chainPem) =>
        PemReader.TryRead(chainPem.Span, out IReadOnlyList<Certificate> chain, out _)
            && chain.FirstOrDefault(certificate => certificate.SubjectName.Span.SequenceEqual(certificate.IssuerName.Span)) is { } root
            ? CollateralPem.Write([root])
            : default;

    /// <summary>The name of the PCK authority in an issuer's name: <c>platform</c> or <c>processor</c>; null for another's.</summary>
    internal static string? CaOf(ReadOnlyMemory<byte> name) =>
        name.Span.IndexOf("Intel SGX PCK Platform CA"u8) >= 0 ? "platform" : name.Span.IndexOf("Intel SGX PCK Processor CA"u8) >= 0 ? "processor" : null;

    private static bool TryRead(IReadOnlyList<Certificate> certificates, out Platform? platform, out string problem)
    {
        platform = null;
        problem = "";
        if (certificates.FirstOrDefault(certificate => certificate.CommonName == PckLeafName) is not { } leaf)
        {
            return CollateralPlan.Fail("there is no PCK certificate among those of the quote", out problem);
        }

        if (!PckExtensions.TryParse(leaf, out PckExtensions? extensions, out ParseError error))
        {
            return CollateralPlan.Fail(error.ToString(), out problem);
        }

        if (CaOf(leaf.IssuerName) is not { } ca)
        {
            return CollateralPlan.Fail("the PCK certificate's issuer is neither the Platform CA nor the Processor CA", out problem);
        }

        platform = new Platform(Convert.ToHexStringLower(extensions!.Fmspc.Span), ca);
        return true;
    }

    private static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    private sealed record Platform(string Fmspc, string Ca);
}
