using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Cases;

namespace Verathos.Attestation.Tests;

/// <summary>Trust ends with the first thing that it rests on, and no time that evidence or caller state makes the sum overflow.</summary>
public sealed class TrustEndTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly DateTimeOffset Soon = SimulatedAuthorities.Now.AddMinutes(5);

    [Fact]
    public void The_maximum_age_of_collateral_bounds_trust()
    {
        // 1209600 seconds are 336 hours; in ten minutes the collateral is too old.
        DateTimeOffset issued = SimulatedAuthorities.Now.AddHours(-336).AddMinutes(10);

        EndsAt(SimulatedAuthorities.Now.AddMinutes(10), node => node with { Collateral = node.Collateral! with { IssueDate = issued } });
        EndsAt(SimulatedAuthorities.Now.AddMinutes(10), node => node with { Collateral = node.Collateral! with { CrlThisUpdate = issued } });
    }

    [Fact]
    public void The_end_of_the_pck_certificate_bounds_trust() =>
        EndsAt(Soon, node => node with { Quote = node.Quote with { Pck = node.Quote.Pck with { NotAfter = Soon } } });

    [Fact]
    public void The_end_of_the_tcb_signing_certificate_bounds_trust() =>
        EndsAt(Soon, node => node with { Collateral = node.Collateral! with { TcbSigningNotAfter = Soon } });

    [Fact]
    public void The_end_of_either_reference_signer_bounds_trust()
    {
        EndsAt(Soon, node => node with { DriverRim = node.DriverRim with { SignerNotAfter = Soon } });
        EndsAt(Soon, node => node with { VbiosRim = node.VbiosRim with { SignerNotAfter = Soon } });
    }

    [Fact]
    public void Times_at_the_ends_of_the_calendar_reject_and_throw_nothing()
    {
        NodeEvidence evidence = authorities.Mint();
        foreach (DateTimeOffset requested in new[] { DateTimeOffset.MinValue, DateTimeOffset.MaxValue, SimulatedAuthorities.Now })
        {
            foreach (DateTimeOffset at in new[] { DateTimeOffset.MinValue, DateTimeOffset.MaxValue })
            {
                Verdict verdict = Appraiser.Appraise(
                    evidence with { RequestedAt = requested }, SimulatedAuthorities.Simulated, authorities.Anchors, at, TimeSource.Verifier);
                Assert.Equal(VerdictKind.Rejected, verdict.Kind);
                Assert.Null(verdict.TrustedUntil);
            }
        }
    }

    [Fact]
    public void A_sum_beyond_the_calendar_is_its_end()
    {
        CheckList checks = new();
        checks.EndTrustAt(DateTimeOffset.MaxValue.AddSeconds(-1), TimeSpan.FromHours(1));
        Assert.Equal(DateTimeOffset.MaxValue, checks.TrustedUntil);
        checks.EndTrustAt(DateTimeOffset.MinValue, TimeSpan.MaxValue);
        Assert.Equal(DateTimeOffset.MaxValue, checks.TrustedUntil);
        checks.EndTrustAt(DateTimeOffset.MinValue, TimeSpan.FromHours(1));
        Assert.Equal(DateTimeOffset.MinValue.AddHours(1), checks.TrustedUntil);
    }

    private void EndsAt(DateTimeOffset end, Func<SimulatedNodeSpec, SimulatedNodeSpec> change)
    {
        Verdict verdict = authorities.Appraise(authorities.Mint(change), SimulatedAuthorities.Simulated);
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
        Assert.Equal(end, verdict.TrustedUntil);
    }
}
