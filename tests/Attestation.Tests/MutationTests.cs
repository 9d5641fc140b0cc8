using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Simulator.Nvidia;

namespace Verathos.Attestation.Tests;

/// <summary>Seeded random changes: nothing throws, and no change of a signed byte is accepted. Bounded by count and by time.</summary>
public sealed class MutationTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private const int Seed = 20260913;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    [Fact]
    public void A_flipped_bit_of_a_quote_is_never_accepted()
    {
        byte[] quote = authorities.Mint().CpuEvidence.ToArray();
        byte[] collateral = authorities.Trusted.Collateral.Current;
        Assert.True(AppraiseQuote(quote, collateral).IsAccepted);

        // PEM carries bits that are no part of the certificates: line ends and the unused bits of base64.
        int pem = Encoding.ASCII.GetString(quote).IndexOf("-----BEGIN", StringComparison.Ordinal);
        ForEachFlip(quote, 1500, (changed, offset) =>
        {
            Verdict verdict = AppraiseQuote(changed, collateral);
            Assert.True(!verdict.IsAccepted || offset >= pem, $"offset {offset} is accepted");
        });
    }

    [Fact]
    public void A_flipped_bit_of_any_certificate_is_never_accepted()
    {
        byte[] quote = authorities.Mint().CpuEvidence.ToArray();
        Assert.True(TdxQuote.TryParse(quote, out TdxQuote? parsed, out _));
        Assert.True(PemReader.TryRead(parsed!.PckChain.Span, out IReadOnlyList<Certificate> certificates, out _));
        foreach (Certificate certificate in certificates)
        {
            ForEachFlip(certificate.Der.ToArray(), 400, (changed, offset) =>
            {
                if (!Certificate.TryParse(changed, out Certificate? other, out _))
                {
                    return;
                }

                Certificate[] chain = [.. certificates.Select(item => ReferenceEquals(item, certificate) ? other! : item)];
                Assert.False(
                    CertificatePath.TryBuild(chain, authorities.Anchors.IntelRootSpki.Span, out _, out _), $"{certificate.CommonName} offset {offset}");
            });
        }
    }

    [Fact]
    public void A_flipped_bit_of_a_gpu_report_is_never_accepted()
    {
        MintedGpuEvidence minted = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        ReadOnlyMemory<byte>[] rims = [authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios];
        Assert.True(AppraiseGpu(minted.Report, minted.CertificateChain, rims).IsAccepted);
        ForEachFlip(minted.Report, 600, (changed, offset) =>
            Assert.False(AppraiseGpu(changed, minted.CertificateChain, rims).IsAccepted, $"offset {offset} is accepted"));
    }

    [Fact]
    public void A_flipped_bit_of_reference_measurements_is_never_accepted_where_it_counts()
    {
        byte[] rim = authorities.Trusted.Rim.Driver;
        string text = Encoding.UTF8.GetString(rim);
        int keyInfo = text.IndexOf("<ds:KeyInfo", StringComparison.Ordinal);
        ForEachFlip(rim, 300, (changed, offset) =>
        {
            VerifiedRim? verified = VerifiedRim.Verify(changed, authorities.Anchors.NvidiaRimRootSpki.Span, out _);

            // Outside the signed part only base64's spare bits and white space may change without effect.
            bool signed = offset < keyInfo && !text.AsSpan(Math.Max(0, offset - 200), Math.Min(200, offset)).Contains("<ds:SignatureValue>", StringComparison.Ordinal);
            Assert.True(verified is null || verified.Problem is not null || !signed, $"offset {offset} is accepted");
        });
    }

    [Theory]
    [InlineData("tcb_info")]
    [InlineData("qe_identity")]
    [InlineData("tcb_info_signature")]
    [InlineData("qe_identity_signature")]
    [InlineData("pck_crl")]
    [InlineData("root_ca_crl")]
    public void A_changed_character_of_signed_collateral_is_never_accepted(string member)
    {
        byte[] quote = authorities.Mint().CpuEvidence.ToArray();
        JsonObject root = JsonNode.Parse(authorities.Trusted.Collateral.Current)!.AsObject();
        byte[] value = Encoding.UTF8.GetBytes(root[member]!.GetValue<string>());
        ForEachFlip(value, 150, (changed, offset) =>
        {
            string text = Encoding.Latin1.GetString(changed);
            if (string.Equals(text, Encoding.Latin1.GetString(value), StringComparison.OrdinalIgnoreCase) && !member.StartsWith("tcb_info", StringComparison.Ordinal))
            {
                // Hexadecimal digits may be written in either case.
                return;
            }

            root[member] = text;
            Verdict verdict = AppraiseQuote(quote, Encoding.UTF8.GetBytes(root.ToJsonString()));
            bool sameHex = member.EndsWith("signature", StringComparison.Ordinal) && string.Equals(text, Encoding.Latin1.GetString(value), StringComparison.OrdinalIgnoreCase);
            Assert.True(!verdict.IsAccepted || sameHex, $"{member} offset {offset} is accepted");
        });
    }

    [Theory]
    [InlineData("deep nesting", 100_000, "nested deeper")]
    [InlineData("just too deep", 18, "nested deeper")]
    [InlineData("not too deep", 17, "not a SoftwareIdentity")]
    public void Deeply_nested_reference_files_are_refused_before_anything_recurses(string name, int depth, string expected)
    {
        string xml = string.Concat(Enumerable.Repeat("<a>", depth)) + string.Concat(Enumerable.Repeat("</a>", depth));

        Assert.False(Rim.TryParse(Encoding.UTF8.GetBytes(xml), out _, out ParseError error), name);
        Assert.Contains(expected, error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, "not a SoftwareIdentity")]
    [InlineData(129, "128 attributes")]
    [InlineData(50_000, "128 attributes")]
    public void Elements_with_very_many_attributes_are_refused(int count, string expected)
    {
        string xml = $"<a {string.Join(' ', Enumerable.Range(0, count).Select(i => $"xmlns:n{i}=\"u\""))}/>";

        Assert.False(Rim.TryParse(Encoding.UTF8.GetBytes(xml), out _, out ParseError error));
        Assert.Contains(expected, error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>")]
    [InlineData("<!DOCTYPE a SYSTEM \"http://example.invalid/a.dtd\"><a/>")]
    public void Document_types_and_entities_are_refused(string xml)
    {
        Assert.False(Rim.TryParse(Encoding.UTF8.GetBytes(xml), out _, out ParseError error));
        Assert.StartsWith("not XML", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_gpus_or_reference_files_are_refused_before_any_is_read()
    {
        NodeEvidence reference = authorities.Mint();
        NodeEvidence gpus = reference with { Gpus = [.. Enumerable.Repeat(reference.Gpus[0], 65)] };
        NodeEvidence rims = reference with { GpuRims = [.. Enumerable.Repeat(reference.GpuRims[0], 33)] };

        foreach (NodeEvidence evidence in new[] { gpus, rims })
        {
            Verdict verdict = authorities.Appraise(evidence, null);
            Assert.Equal(VerdictKind.Malformed, verdict.Kind);
            Assert.Equal(CheckNames.GpuFormat, verdict.Reason);
        }
    }

    [Fact]
    public void Random_bytes_cuts_and_extensions_never_throw()
    {
        Random random = new(Seed);
        byte[] quote = authorities.Mint().CpuEvidence.ToArray();
        byte[] collateral = authorities.Trusted.Collateral.Current;
        MintedGpuEvidence gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        byte[] policy = Policy.BuiltIn("simulated").Raw.ToArray();
        byte[][] seeds = [quote, collateral, gpu.Report, gpu.CertificateChain, authorities.Trusted.Rim.Vbios, policy];
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        while (count < 1200 && Stopwatch.GetElapsedTime(start) < Limit)
        {
            byte[] changed = Mangle(seeds[count % seeds.Length], random);
            Assert.Equal(TdxQuote.TryParse(changed, out TdxQuote? parsedQuote, out _), parsedQuote is not null);
            Assert.Equal(QuoteCollateral.TryParse(changed, out QuoteCollateral? parsedCollateral, out _), parsedCollateral is not null);
            Assert.Equal(GpuReport.TryParse(changed, out GpuReport? parsedReport, out _), parsedReport is not null);
            Assert.Equal(PemReader.TryRead(changed, out IReadOnlyList<Certificate> parsedChain, out ParseError pemError), pemError == default && parsedChain.Count > 0);
            Assert.Equal(Rim.TryParse(changed, out Rim? parsedRim, out _), parsedRim is not null);
            Assert.Equal(Policy.TryParse(changed, out Policy? parsedPolicy, out IReadOnlyList<string> errors), parsedPolicy is not null && errors.Count == 0);
            Assert.Equal(RevocationList.TryParse(changed, out RevocationList? parsedList, out _), parsedList is not null);
            Assert.Equal(Certificate.TryParse(changed, out Certificate? parsedCertificate, out _), parsedCertificate is not null);
            count++;
        }

        Assert.True(count > 100, $"{count} in {Limit}");
    }

    [Fact]
    public void A_whole_node_of_changed_parts_never_throws_and_is_never_accepted()
    {
        Random random = new(Seed);
        NodeEvidence reference = authorities.Mint();
        Assert.True(authorities.Appraise(reference, SimulatedAuthorities.Simulated).IsAccepted);
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        while (count < 600 && Stopwatch.GetElapsedTime(start) < Limit)
        {
            NodeEvidence changed = (count % 6) switch
            {
                0 => reference with { KeysetBytes = Mangle(reference.KeysetBytes.ToArray(), random) },
                1 => reference with { ConfigurationBytes = Mangle(reference.ConfigurationBytes.ToArray(), random) },
                2 => reference with { ManifestRoot = Mangle(reference.ManifestRoot.ToArray(), random) },
                3 => reference with { ExpectedNonce = Mangle(reference.ExpectedNonce.ToArray(), random) },
                4 => reference with { CpuEvidence = Mangle(reference.CpuEvidence[..3000].ToArray(), random) },
                _ => reference with { Gpus = [reference.Gpus[0] with { Report = Mangle(reference.Gpus[0].Report.ToArray(), random) }] },
            };
            Assert.False(authorities.Appraise(changed, SimulatedAuthorities.Simulated).IsAccepted, $"change {count} is accepted");
            count++;
        }

        Assert.True(count > 50, $"{count} in {Limit}");
    }

    private static void ForEachFlip(byte[] original, int count, Action<byte[], int> check)
    {
        Random random = new(Seed);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count && Stopwatch.GetElapsedTime(start) < Limit; i++)
        {
            byte[] changed = [.. original];
            int offset = random.Next(original.Length);
            changed[offset] ^= (byte)(1 << random.Next(8));
            check(changed, offset);
        }
    }

    private static byte[] Mangle(byte[] original, Random random)
    {
        byte[] changed = [.. original];
        switch (random.Next(4))
        {
            case 0:
                for (int i = random.Next(1, 8); i > 0; i--)
                {
                    changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
                }

                // Two changes of one byte may cancel.
                return changed.AsSpan().SequenceEqual(original) ? changed[..^1] : changed;
            case 1:
                return changed[..random.Next(changed.Length)];
            case 2:
                byte[] tail = new byte[random.Next(1, 64)];
                random.NextBytes(tail);
                tail[0] |= 1;
                return [.. changed, .. tail];
            default:
                int from = random.Next(changed.Length);
                int length = random.Next(1, Math.Min(64, changed.Length - from) + 1);
                return [.. changed[..from], .. changed[(from + length)..]];
        }
    }

    private Verdict AppraiseQuote(byte[] quote, byte[] collateral) => Appraiser.AppraiseQuote(
        quote, collateral, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);

    private Verdict AppraiseGpu(byte[] report, byte[] chain, ReadOnlyMemory<byte>[] rims) => Appraiser.AppraiseGpu(
        new GpuEvidence(report, chain), rims, null, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);
}
