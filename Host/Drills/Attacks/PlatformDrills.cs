using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Genuine platforms and guests that must not be trusted, and collateral that hides it.</summary>
internal static class PlatformDrills
{
    private static readonly byte[] s_other = [.. Enumerable.Repeat((byte)0xEE, 48)];

    // The platform of a level that its vendor calls out of date; its quoting enclave still claims the newest.
    private static readonly PckSpec s_old = new() { TcbComponents = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0] };

    public static IEnumerable<Drill> All()
    {
        yield return RogueDrills.Quotes(
            "debug-guest", "The guest runs in debug mode: its host can read it.", CheckNames.QuoteDebug, Sources.Peers,
            RogueDrills.Quote with { TdAttributes = [1, 0, 0, 0x10, 0, 0, 0, 0] });
        yield return RogueDrills.Quotes(
            "migratable-guest", "The guest may be moved to a host of the attacker's.", "policy.tdx.tdAttributes", Sources.Peers,
            RogueDrills.Quote with { TdAttributes = [0, 0, 0, 0x30, 0, 0, 0, 0] });
        yield return RogueDrills.Quotes(
            "image-patched", "The guest's image is another.", "policy.tdx.mrTd", Sources.Peers, RogueDrills.Quote with { MrTd = s_other });
        yield return RogueDrills.Quotes(
            "kernel-line-patched", "The guest's kernel was started with LD_PRELOAD in its settings.", "policy.tdx.rtmr2", Sources.Peers, RogueDrills.Quote with { Rtmr2 = s_other });
        yield return RogueDrills.Quotes(
            "module-foreign", "Another TDX module than a listed one measured the guest.", "policy.tdx.mrSeam", Sources.Peers, RogueDrills.Quote with { MrSeam = s_other });
        yield return RogueDrills.Quotes(
            "tcb-downgraded", "The platform runs old microcode; its quoting enclave's report claims the newest.", "policy.tdx.tcbStatuses", Sources.Peers,
            RogueDrills.Quote with { Pck = s_old });
        yield return RogueDrills.Quotes(
            "quoting-enclave-downgraded", "The quoting enclave is an old one.", "policy.tdx.tcbStatuses", Sources.Peers, RogueDrills.Quote with { Qe = new QeReportSpec { IsvSvn = 3 } });
        yield return Collateral(
            "platform-revoked", "The platform's certificate was revoked.", CheckNames.CollateralRevocation, Sources.Peers,
            ground => new CollateralSpec { RevokedPcks = [ground.Hardware!.Tdx.PckSerialNumber(new PckSpec())] });
        yield return Collateral(
            "revocation-list-forged", "A revocation list that its authority did not sign says that nothing is revoked.", CheckNames.CollateralCrl, Sources.Peers,
            _ => new CollateralSpec { PckCrlSignature = SignatureFault.ForeignKey });
        yield return Collateral(
            "revocation-list-of-another-authority", "A genuine revocation list rules on another authority's certificates.", CheckNames.CollateralCrl, Sources.Formats,
            _ => new CollateralSpec { Ca = PckCa.Processor });
        yield return Collateral(
            "collateral-stale", "The vendor's word about the platform has ended.", CheckNames.CollateralTcbInfo, Sources.Peers,
            ground => new CollateralSpec
            {
                IssueDate = ground.Time.GetUtcNow().AddDays(-2),
                NextUpdate = ground.Time.GetUtcNow().AddDays(-1),
                QeNextUpdate = ground.Time.GetUtcNow().AddDays(10),
            });
        yield return Collateral(
            "collateral-old", "The vendor's word about the platform is in its dates and older than the client allows.", "policy.tdx.maxCollateralAgeSeconds", Sources.Peers,
            ground => new CollateralSpec { IssueDate = ground.Time.GetUtcNow().AddDays(-15), NextUpdate = ground.Time.GetUtcNow().AddDays(10) });
        yield return Collateral(
            "evaluation-number-too-low", "The collateral is fresh and of an older evaluation, which still calls the platform up to date.", "policy.tdx.minTcbEvaluationNumber", Sources.Peers,
            _ => new CollateralSpec { TcbEvaluationDataNumber = 17 });
        yield return Collateral(
            "collateral-rewritten", "The word about the platform was rewritten after its vendor signed it.", CheckNames.CollateralTcbInfo, Sources.Formats,
            _ => new CollateralSpec { TcbInfoSignature = SignatureFault.BitFlipped });
        yield return Collateral(
            "quoting-enclave-identity-forged", "The quoting enclave's identity was signed by somebody else.", CheckNames.CollateralQeIdentity, Sources.Formats,
            _ => new CollateralSpec { QeIdentitySignature = SignatureFault.ForeignKey });
        yield return Collateral(
            "collateral-of-another-platform", "The word is about another family of platforms.", CheckNames.CollateralFmspc, Sources.Formats,
            _ => new CollateralSpec { Fmspc = [0xB0, 0xC0, 0x6F, 0, 0, 0] });
        yield return RogueDrills.Shows(
            "collateral-withheld", "The node shows nothing about its platform's state.", CheckNames.CollateralMissing, Sources.Formats, new NodePlan { Collateral = null }) with
        {
            Layers = ["policy.tdx.tcbStatuses", "policy.tdx.minTcbEvaluationNumber", "policy.tdx.maxCollateralAgeSeconds"],
        };
    }

    private static Drill Collateral(string name, string attack, string expected, string source, Func<DrillGround, CollateralSpec> collateral) =>
        RogueDrills.Shows(name, attack, expected, source, ground => new NodePlan { Collateral = collateral(ground) });
}
