using Verathos.Attestation.Policies;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Dcap;

/// <summary>The lines of a policy's <c>sgx</c> section about the enclave. <c>sgx.debug</c> is judged with the quote.</summary>
internal static class SgxPolicyLines
{
    public static void Appraise(CheckList checks, SgxPolicy policy, EnclaveReport body)
    {
        int prodId = body.IsvProdId;
        int svn = body.IsvSvn;
        checks.AddListed(policy.MrEnclave, body.MrEnclave.ToArray(), "MRENCLAVE");
        checks.AddListed(policy.MrSigner, body.MrSigner.ToArray(), "MRSIGNER");
        checks.AddLine(policy.IsvProdId, "the product", required => prodId == required ? null : $"ISVPRODID {prodId} is not {required}");
        checks.AddLine(policy.MinIsvSvn, "high enough", minimum => svn >= minimum ? null : $"ISVSVN {svn} is below {minimum}");
        checks.AddMasked(policy.Attributes, body.Attributes.ToArray(), "ATTRIBUTES");
        checks.AddMasked(policy.MiscSelect, body.MiscSelect.ToArray(), "MISCSELECT");
        checks.AddListed(policy.ConfigIds, body.ConfigId.ToArray(), "CONFIGID");
        checks.AddListed(policy.ReportData, body.ReportData.ToArray(), "REPORTDATA");
    }
}
