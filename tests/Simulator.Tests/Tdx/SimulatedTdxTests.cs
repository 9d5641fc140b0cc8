using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Simulator.Tests.Tdx;

public sealed class SimulatedTdxTests(TestInstallation test) : IClassFixture<TestInstallation>
{
    private const string SgxExtension = "1.2.840.113741.1.13.1";
    private static readonly TdxQuoteSpec Spec = new() { ReportData = [.. Enumerable.Range(1, 64).Select(i => (byte)i)] };

    [Theory]
    [InlineData("tdx-v4/phala-network-dcap-qvl/tdx_quote-c07101c4.bin", true)]
    [InlineData("tdx-v4/flashbots-attested-tls/quote-aadc8fa7.bin", false)]
    public void A_minted_quote_has_the_structure_of_a_real_one(string path, bool pemEndsInNul)
    {
        var real = new QuoteParts(File.ReadAllBytes(Vectors.Path(path)));
        var minted = new QuoteParts(Mint(Spec with { PemEndsInNul = pemEndsInNul }));
        Assert.True(real.SignatureHolds && real.QeSignatureHolds && real.QeReportDataHolds, "the reader fails on a real quote");

        Assert.Equal(real.Quote[..28], minted.Quote[..28]);
        Assert.Equal((real.OuterType, real.InnerType), (minted.OuterType, minted.InnerType));
        Assert.Equal(real.AuthenticationData.Length, minted.AuthenticationData.Length);
        Assert.Equal(real.Pem[^1], minted.Pem[^1]);
        Assert.Equal(real.Certificates.Select(Der.Structure), minted.Certificates.Select(Der.Structure));
        Assert.Equal(
            Der.Tags(real.Leaf.Extensions[SgxExtension]!.RawData), Der.Tags(minted.Leaf.Extensions[SgxExtension]!.RawData));
        foreach (Range reserved in new[] { 20..48, 96..128, 160..256, 260..320, 352..384 })
        {
            Assert.Equal(real.QeReport[reserved], minted.QeReport[reserved]);
        }
    }

    [Fact]
    public void A_minted_quote_verifies_with_plain_cryptography()
    {
        var parts = new QuoteParts(Mint(Spec));
        Assert.True(parts.SignatureHolds);
        Assert.True(parts.QeSignatureHolds);
        Assert.True(parts.QeReportDataHolds);
        Assert.True(Der.Chains(parts.Certificates, test.Installation.Roots.IntelRootPem, test.Time.GetUtcNow()));
        Assert.Empty(parts.Trailing);
    }

    [Fact]
    public void Every_body_field_lands_at_its_offset()
    {
        byte[] Mark(int length, byte value) => [.. Enumerable.Repeat(value, length)];
        byte[] quote = Mint(Spec with
        {
            TeeTcbSvn = Mark(16, 1),
            MrSeam = Mark(48, 2),
            MrSignerSeam = Mark(48, 3),
            SeamAttributes = Mark(8, 4),
            TdAttributes = Mark(8, 5),
            Xfam = Mark(8, 6),
            MrTd = Mark(48, 7),
            MrConfigId = Mark(48, 8),
            MrOwner = Mark(48, 9),
            MrOwnerConfig = Mark(48, 10),
            Rtmr0 = Mark(48, 11),
            Rtmr1 = Mark(48, 12),
            Rtmr2 = Mark(48, 13),
            Rtmr3 = Mark(48, 14),
            ReportData = Mark(64, 15),
            UserData = Mark(20, 16),
        });

        // Offsets of sgx_quote4_t and sgx_report2_body_t.
        (int Offset, int Length)[] fields =
        [
            (48, 16), (64, 48), (112, 48), (160, 8), (168, 8), (176, 8), (184, 48), (232, 48), (280, 48), (328, 48), (376, 48),
            (424, 48), (472, 48), (520, 48), (568, 64), (28, 20),
        ];
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal(Mark(fields[i].Length, (byte)(i + 1)), quote.AsSpan(fields[i].Offset, fields[i].Length).ToArray());
        }
    }

    [Fact]
    public void Every_quoting_enclave_field_lands_at_its_offset()
    {
        byte[] Mark(int length, byte value) => [.. Enumerable.Repeat(value, length)];
        var parts = new QuoteParts(Mint(Spec with
        {
            Qe = new QeReportSpec
            {
                CpuSvn = Mark(16, 1),
                MiscSelect = 0x02020202,
                Attributes = Mark(16, 3),
                MrEnclave = Mark(32, 4),
                MrSigner = Mark(32, 5),
                IsvProdId = 0x0606,
                IsvSvn = 0x0707,
                ReportData = Mark(64, 8),
                AuthenticationData = Mark(7, 9),
            },
        }));
        (int Offset, int Length)[] fields = [(0, 16), (16, 4), (48, 16), (64, 32), (128, 32), (256, 2), (258, 2), (320, 64)];
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal(Mark(fields[i].Length, (byte)(i + 1)), parts.QeReport.AsSpan(fields[i].Offset, fields[i].Length).ToArray());
        }

        Assert.Equal(Mark(7, 9), parts.AuthenticationData);
        Assert.True(parts.SignatureHolds && parts.QeSignatureHolds);
        Assert.False(parts.QeReportDataHolds);
    }

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_wrong_signature_is_the_only_thing_that_is_wrong(SignatureFault fault)
    {
        var quote = new QuoteParts(Mint(Spec with { Signature = fault }));
        Assert.False(quote.SignatureHolds);
        Assert.True(quote.QeSignatureHolds && quote.QeReportDataHolds);

        var qe = new QuoteParts(Mint(Spec with { Qe = new() { Signature = fault } }));
        Assert.False(qe.QeSignatureHolds);
        Assert.True(qe.SignatureHolds && qe.QeReportDataHolds);
    }

    [Theory]
    [InlineData(PckChainOrder.LeafIntermediateRoot, "Certificate,Platform,Root")]
    [InlineData(PckChainOrder.LeafRootIntermediate, "Certificate,Root,Platform")]
    [InlineData(PckChainOrder.RootIntermediateLeaf, "Root,Platform,Certificate")]
    public void The_chain_comes_in_the_order_asked_for(PckChainOrder order, string expected)
    {
        var parts = new QuoteParts(Mint(Spec with { ChainOrder = order }));
        Assert.Equal(
            expected.Split(','),
            parts.Certificates.Select(c => new[] { "Certificate", "Platform", "Root" }.Single(word => c.Subject.Contains(word, StringComparison.Ordinal))));
    }

    [Fact]
    public void A_processor_certificate_has_another_issuer_and_no_platform_instance()
    {
        var parts = new QuoteParts(Mint(Spec with { Pck = new() { Ca = PckCa.Processor } }));
        Assert.Contains("Processor CA", parts.Leaf.Issuer, StringComparison.Ordinal);
        Assert.DoesNotContain(Der.Tags(parts.Leaf.Extensions[SgxExtension]!.RawData), tag => tag.Contains(".13.1.6", StringComparison.Ordinal));
        Assert.True(Der.Chains(parts.Certificates, test.Installation.Roots.IntelRootPem, test.Time.GetUtcNow()));
    }

    [Fact]
    public void A_self_signed_certificate_does_not_lead_to_the_root()
    {
        var parts = new QuoteParts(Mint(Spec with { Pck = new() { SelfSigned = true } }));
        Assert.True(parts.QeSignatureHolds);
        Assert.False(Der.Chains(parts.Certificates, test.Installation.Roots.IntelRootPem, test.Time.GetUtcNow()));
    }

    [Fact]
    public void A_pck_certificate_says_what_its_fields_say()
    {
        var pck = new PckSpec
        {
            TcbComponents = [.. Enumerable.Range(200, 16).Select(i => (byte)i)],
            PceSvn = 300,
            Fmspc = [1, 2, 3, 4, 5, 6],
            PceId = [7, 8],
            Ppid = RandomNumberGenerator.GetBytes(16),
            SerialNumber = [0x55, 1, 2],
            NotBefore = new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero),
            NotAfter = new DateTimeOffset(2021, 1, 2, 3, 4, 5, TimeSpan.Zero),
        };
        X509Certificate2 leaf = new QuoteParts(Mint(Spec with { Pck = pck })).Leaf;
        string extension = Convert.ToHexString(leaf.Extensions[SgxExtension]!.RawData);
        foreach (byte[] value in new[] { pck.TcbComponents, pck.Fmspc, pck.PceId, pck.Ppid, [0x02, 0x02, 0x01, 0x2C], [0x02, 0x02, 0x00, 0xC8] })
        {
            Assert.Contains(Convert.ToHexString(value), extension, StringComparison.Ordinal);
        }

        Assert.Equal("550102", leaf.SerialNumber);
        Assert.Equal(pck.NotBefore, new DateTimeOffset(leaf.NotBefore.ToUniversalTime()));
        Assert.Equal(pck.NotAfter, new DateTimeOffset(leaf.NotAfter.ToUniversalTime()));
    }

    [Fact]
    public void Padding_and_a_missing_NUL_can_be_asked_for()
    {
        var parts = new QuoteParts(Mint(Spec with { TrailingZeros = 70, PemEndsInNul = false }));
        Assert.Equal(new byte[70], parts.Trailing);
        Assert.Equal('\n', parts.Pem[^1]);
    }

    [Fact]
    public void A_field_of_the_wrong_length_is_refused_by_name()
    {
        var error = Assert.Throws<ArgumentException>(() => Mint(Spec with { MrTd = new byte[32] }));
        Assert.Contains("MrTd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quote_takes_less_than_two_milliseconds()
    {
        Mint(Spec);
        double[] elapsed = new double[101];
        for (int i = 0; i < elapsed.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Mint(Spec with { ReportData = RandomNumberGenerator.GetBytes(64) });
            elapsed[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        double median = elapsed.Order().ElementAt(50);
        TestContext.Current.SendDiagnosticMessage($"a quote takes {median:F3} ms (median of {elapsed.Length})");
        Assert.True(median < 2, $"a quote takes {median:F3} ms");
    }

    private byte[] Mint(TdxQuoteSpec spec) => test.Installation.Tdx.Mint(spec);
}
