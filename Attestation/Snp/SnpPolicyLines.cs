using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Snp;

/// <summary>The lines of a policy's <c>snp</c> section, in the order of the section. <c>debug</c> and <c>revocation</c> are judged with the report.</summary>
internal static class SnpPolicyLines
{
    public static void Appraise(CheckList checks, SnpPolicy policy, SnpReport report, SnpProduct product, RevocationList? crl, DateTimeOffset at)
    {
        checks.AddLine(policy.MigrationOff, "no migration agent", _ =>
            report.AllowsMigration ? "the guest's policy admits a migration agent"
            : report.MigrationAgentId.Span.ContainsAnyExcept((byte)0xFF) ? "the guest has a migration agent"
            : null);
        checks.AddLine(policy.ReservedZero, "reserved bits are as prescribed", _ => report.IsReservedAsPrescribed ? null : "a reserved bit is not as prescribed");
        checks.AddLine(policy.MaxCollateralAge, crl is null ? "there is no revocation list, on which snp.revocation rules" : "recent enough", maximum =>
            crl is null ? null
            : at - crl.ThisUpdate is var age && age <= maximum ? null
            : $"the revocation list is {age.TotalHours:F0} hours old, more than {maximum.TotalHours:F0}");
        if (!policy.MaxCollateralAge.IsWaived && crl is not null)
        {
            checks.EndTrustAt(crl.ThisUpdate, policy.MaxCollateralAge.Value);
        }

        checks.AddLine(policy.Products, "the product is listed", accepted => accepted.Contains(product) ? null : $"{product} is not listed");
        checks.AddLine(policy.SigningKeys, "the key's kind is listed", accepted => accepted.Contains(report.SigningKey) ? null : $"{report.SigningKey} is not listed");
        checks.AddLine(policy.Vmpls, "the privilege level is listed", accepted =>
            report.Vmpl <= 3 && accepted.Contains((int)report.Vmpl) ? null : $"VMPL {report.Vmpl} is not listed");
        checks.AddMasked(policy.GuestPolicy, report.Policy, "the guest's policy");
        checks.AddMasked(policy.PlatformInfo, report.PlatformInfo, "PLATFORM_INFO");
        checks.AddLine(policy.MinGuestSvn, "high enough", minimum => report.GuestSvn >= (uint)minimum ? null : $"GUEST_SVN {report.GuestSvn} is below {minimum}");
        AtLeast(checks, policy.MinReportedTcb, report.ReportedTcb, product, "the reported TCB");
        AtLeast(checks, policy.MinCommittedTcb, report.CommittedTcb, product, "the committed TCB");
        AtLeast(checks, policy.MinLaunchTcb, report.LaunchTcb, product, "the launch TCB");
        checks.AddLine(policy.Mitigations, "launched with and now running the mitigations", required =>
            report.LaunchMitigations is not { } launch ? $"a report of version {report.Version} has no mitigation vectors"
            : !required.Matches(launch.Span) ? $"the launch mitigations {Convert.ToHexStringLower(launch.Span)} lack some"
            : !required.Matches(report.CurrentMitigations!.Value.Span) ? $"the current mitigations {Convert.ToHexStringLower(report.CurrentMitigations.Value.Span)} lack some"
            : null);
        checks.AddListed(policy.Measurements, report.Measurement, "MEASUREMENT");
        checks.AddListed(policy.HostData, report.HostData, "HOST_DATA");
        checks.AddListed(policy.ReportData, report.ReportData, "REPORT_DATA");
        checks.AddListed(policy.FamilyIds, report.FamilyId, "FAMILY_ID");
        checks.AddListed(policy.ImageIds, report.ImageId, "IMAGE_ID");
        checks.AddListed(policy.IdKeys, report.IdKeyDigest, "the ID key");
        checks.AddListed(policy.AuthorKeys, report.HasAuthorKey ? report.AuthorKeyDigest : (ReadOnlyMemory<byte>?)null, "the author key");
        checks.AddListed(policy.Chips, Chip(report), "the chip");
        checks.AddUnlisted(policy.DeniedChips, Chip(report), "the chip");
    }

    // Zero where the host left it out: that is no chip's identifier.
    private static ReadOnlyMemory<byte>? Chip(SnpReport report) =>
        report.IsChipIdMasked || !report.ChipId.Span.ContainsAnyExcept((byte)0) ? (ReadOnlyMemory<byte>?)null : report.ChipId;

    private static void AtLeast(CheckList checks, PolicyField<SnpTcb> field, ReadOnlyMemory<byte> tcb, SnpProduct product, string what) =>
        checks.AddLine(field, $"{what} is high enough", minimum =>
            product == SnpProduct.Unknown ? "the product, and with it the order of the TCB, is unknown"
            : SnpTcb.Read(tcb.Span, product) is var actual && actual.IsAtLeast(minimum) ? null
            : $"{what} ({actual}) is below the minimum ({minimum})");
}
