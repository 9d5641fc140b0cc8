using Verathos.Attestation.X509;
using Verathos.Simulator.Ocsp;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.X509;

/// <summary>OCSP answers, minted: what counts as good, and each thing that does not.</summary>
public sealed class OcspResponseTests : IClassFixture<SimulatedAuthorities>
{
    private static readonly DateTimeOffset At = SimulatedAuthorities.Now;
    private readonly SimulatedAuthorities _authorities;
    private readonly byte[] _chain;
    private readonly Certificate _certificate;
    private readonly Certificate _issuer;

    public OcspResponseTests(SimulatedAuthorities authorities)
    {
        _authorities = authorities;
        _chain = authorities.Trusted.Gpu.CertificateChain(0);
        Assert.True(PemReader.TryRead(_chain, out IReadOnlyList<Certificate> certificates, out ParseError error), error.ToString());
        (_certificate, _issuer) = (certificates[1], certificates[2]);
    }

    [Fact]
    public void A_good_answer_of_a_named_responder_is_good() => Assert.Null(Judge(new OcspSpec()));

    [Fact]
    public void An_authority_that_may_not_sign_data_answers_by_a_responder_alone() =>
        Assert.Contains("not signed", Judge(new OcspSpec { SignedByIssuer = true }), StringComparison.Ordinal);

    [Theory]
    [InlineData("2.16.840.1.101.3.4.2.1")]
    [InlineData("2.16.840.1.101.3.4.2.2")]
    public void A_certificate_may_be_named_by_either_hash(string algorithm) => Assert.Null(Judge(new OcspSpec { HashAlgorithm = algorithm }));

    [Theory]
    [InlineData(1, "revoked")]
    [InlineData(2, "unknown")]
    public void Anything_but_good_is_a_problem(int status, string word) =>
        Assert.Contains(word, Judge(new OcspSpec { Status = status }), StringComparison.Ordinal);

    [Fact]
    public void A_responder_without_the_purpose_is_no_responder() =>
        Assert.Contains("not signed", Judge(new OcspSpec { ResponderPurpose = "1.3.6.1.5.5.7.3.1" }), StringComparison.Ordinal);

    [Fact]
    public void A_responder_of_another_issuer_is_no_responder() =>
        Assert.Contains("not signed", Judge(new OcspSpec { ForeignResponder = true }), StringComparison.Ordinal);

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void An_answer_with_a_wrong_signature_is_not_signed(SignatureFault fault) =>
        Assert.Contains("not signed", Judge(new OcspSpec { Signature = fault }), StringComparison.Ordinal);

    [Fact]
    public void An_old_answer_is_a_problem() => Assert.Contains("expired", Judge(new OcspSpec(), At.AddDays(9)), StringComparison.Ordinal);

    [Fact]
    public void An_answer_from_the_future_is_a_problem() => Assert.Contains("later", Judge(new OcspSpec { ThisUpdate = At.AddHours(1) }), StringComparison.Ordinal);

    [Fact]
    public void An_answer_without_an_end_is_a_problem() => Assert.Contains("how long", Judge(new OcspSpec { WithoutNextUpdate = true }), StringComparison.Ordinal);

    [Fact]
    public void Time_decides_anew_though_the_signature_was_verified_before()
    {
        byte[] answer = Mint(new OcspSpec());
        Assert.Null(Judge(answer, At));
        Assert.Contains("expired", Judge(answer, At.AddDays(9)), StringComparison.Ordinal);

        // The responder's certificate lives for a year.
        Assert.Contains("not signed", Judge(answer, At.AddYears(2)), StringComparison.Ordinal);
        Assert.Null(Judge(answer, At));
    }

    [Fact]
    public void An_answer_that_is_known_does_not_serve_a_changed_responder()
    {
        byte[] answer = Mint(new OcspSpec());
        Assert.Null(Judge(answer, At));

        // The end of the response is that of its responder's certificate, which the answer's own signature does not cover.
        byte[] changed = [.. answer];
        changed[^1] ^= 1;
        Assert.Contains("not signed", Judge(changed, At), StringComparison.Ordinal);
        Assert.Null(Judge(answer, At));
    }

    [Fact]
    public void An_answer_about_another_certificate_says_nothing()
    {
        Assert.True(OcspResponse.TryParse(Mint(new OcspSpec { SerialNumber = [0x12, 0x35] }), out OcspResponse? response, out _));
        Assert.False(response!.TryJudge(_certificate, _issuer, At, out _));
    }

    [Fact]
    public void A_changed_answer_is_not_signed()
    {
        byte[] response = Mint(new OcspSpec { Status = 2 });
        int index = response.AsSpan().IndexOf((byte[])[0x82, 0x00]);
        response[index] = 0x80;
        Assert.Contains("not signed", Judge(response, At), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_responder_that_did_not_answer_is_no_answer(int status)
    {
        Assert.False(OcspResponse.TryParse(Mint(new OcspSpec { ResponseStatus = status }), out _, out ParseError error));
        Assert.Contains("did not answer", error.Problem, StringComparison.Ordinal);
    }

    private byte[] Mint(OcspSpec spec) => _authorities.Trusted.Ocsp.Answer(_chain, i => i == 1 ? spec : new OcspSpec())[0];

    private string Judge(OcspSpec spec, DateTimeOffset? at = null) => Judge(Mint(spec), at ?? At);

    private string Judge(byte[] der, DateTimeOffset at)
    {
        Assert.True(OcspResponse.TryParse(der, out OcspResponse? response, out ParseError error), error.ToString());
        Assert.True(response!.TryJudge(_certificate, _issuer, at, out string? problem));
        return problem!;
    }
}
