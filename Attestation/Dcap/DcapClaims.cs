using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Dcap;

/// <summary>What a quote says, as claims. They are in the verdict whatever becomes of the quote.</summary>
internal static class DcapClaims
{
    public static void Add(CheckList checks, DcapQuote quote)
    {
        string prefix = quote.IsTdx ? "tdx" : "sgx";
        checks.Claim($"{prefix}.quoteVersion", quote.Version.ToString(null, null));
        if (quote.Td is { } guest)
        {
            AddGuest(checks, guest);
        }
        else
        {
            AddEnclave(checks, quote.Enclave!.Value);
        }

        if (quote.MrServiceTd is { } service)
        {
            checks.Claim("tdx.teeTcbSvn2", quote.TeeTcbSvn2!.Value.Span);
            checks.Claim("tdx.mrServiceTd", service.Span);
        }

        checks.Claim($"{prefix}.reportData", quote.ReportData.Span);
        checks.Claim($"{prefix}.qeVendorId", quote.QeVendorId.Span);
        checks.Claim($"{prefix}.qeSvn", quote.Signature.QeReport.IsvSvn.ToString(null, null));
    }

    private static void AddGuest(CheckList checks, TdReport body)
    {
        checks.Claim("tdx.teeTcbSvn", body.TeeTcbSvn.Span);
        checks.Claim("tdx.mrSeam", body.MrSeam.Span);
        checks.Claim("tdx.mrSignerSeam", body.MrSignerSeam.Span);
        checks.Claim("tdx.seamAttributes", body.SeamAttributes.Span);
        checks.Claim("tdx.tdAttributes", body.TdAttributes.Span);
        checks.Claim("tdx.xfam", body.Xfam.Span);
        checks.Claim("tdx.mrTd", body.MrTd.Span);
        checks.Claim("tdx.mrConfigId", body.MrConfigId.Span);
        checks.Claim("tdx.mrOwner", body.MrOwner.Span);
        checks.Claim("tdx.mrOwnerConfig", body.MrOwnerConfig.Span);
        for (int i = 0; i < 4; i++)
        {
            checks.Claim($"tdx.rtmr{i}", body.Rtmr(i).Span);
        }
    }

    private static void AddEnclave(CheckList checks, EnclaveReport body)
    {
        checks.Claim("sgx.cpuSvn", body.CpuSvn);
        checks.Claim("sgx.miscSelect", body.MiscSelect);
        checks.Claim("sgx.attributes", body.Attributes);
        checks.Claim("sgx.mrEnclave", body.MrEnclave);
        checks.Claim("sgx.mrSigner", body.MrSigner);
        checks.Claim("sgx.isvProdId", body.IsvProdId.ToString(null, null));
        checks.Claim("sgx.isvSvn", body.IsvSvn.ToString(null, null));
        checks.Claim("sgx.configId", body.ConfigId);
        checks.Claim("sgx.configSvn", body.ConfigSvn.ToString(null, null));
        checks.Claim("sgx.isvExtProdId", body.IsvExtProdId);
        checks.Claim("sgx.isvFamilyId", body.IsvFamilyId);
    }
}
