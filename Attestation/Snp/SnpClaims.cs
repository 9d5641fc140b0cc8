using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Snp;

/// <summary>What a report says, as claims. They are in the verdict whatever becomes of the report.</summary>
internal static class SnpClaims
{
    public static void Add(CheckList checks, SnpReport report, SnpProduct product, VcekExtensions? key)
    {
        checks.Claim("snp.version", report.Version.ToString(null, null));
        checks.Claim("snp.product", product.ToString());
        checks.Claim("snp.signingKey", report.SigningKey.ToString());
        checks.Claim("snp.guestSvn", report.GuestSvn.ToString(null, null));
        checks.Claim("snp.policy", report.Policy.Span);
        checks.Claim("snp.familyId", report.FamilyId.Span);
        checks.Claim("snp.imageId", report.ImageId.Span);
        checks.Claim("snp.vmpl", report.Vmpl.ToString(null, null));
        checks.Claim("snp.platformInfo", report.PlatformInfo.Span);
        checks.Claim("snp.reportData", report.ReportData.Span);
        checks.Claim("snp.measurement", report.Measurement.Span);
        checks.Claim("snp.hostData", report.HostData.Span);
        checks.Claim("snp.idKeyDigest", report.IdKeyDigest.Span);
        checks.Claim("snp.authorKeyDigest", report.AuthorKeyDigest.Span);
        checks.Claim("snp.migrationAgentId", report.MigrationAgentId.Span);
        checks.Claim("snp.chipId", report.ChipId.Span);
        checks.Claim("snp.currentFirmware", report.CurrentFirmware.ToString());
        checks.Claim("snp.committedFirmware", report.CommittedFirmware.ToString());
        if (product != SnpProduct.Unknown)
        {
            checks.Claim("snp.tcb.reported", SnpTcb.Read(report.ReportedTcb.Span, product).ToString());
            checks.Claim("snp.tcb.current", SnpTcb.Read(report.CurrentTcb.Span, product).ToString());
            checks.Claim("snp.tcb.committed", SnpTcb.Read(report.CommittedTcb.Span, product).ToString());
            checks.Claim("snp.tcb.launch", SnpTcb.Read(report.LaunchTcb.Span, product).ToString());
        }

        if (report.LaunchMitigations is { } launch)
        {
            checks.Claim("snp.mitigations.launch", launch.Span);
            checks.Claim("snp.mitigations.current", report.CurrentMitigations!.Value.Span);
        }

        if (key?.CspId is { } provider)
        {
            checks.Claim("snp.csp", provider);
        }
    }
}
