using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Simulator.Tests.Collateral;

public sealed class SimulatedCollateralTests(TestInstallation test) : IClassFixture<TestInstallation>
{
    private const string Real = "intel-collateral/bundles/tdx-00806f050000-2026-06-12-eval21-c46446.json";

    [Fact]
    public void A_minted_bundle_has_the_members_of_a_real_one()
    {
        JsonElement real = Parse(File.ReadAllBytes(Vectors.Path(Real)));
        JsonElement minted = Parse(Mint(new()));
        Assert.Equal(real.EnumerateObject().Select(m => m.Name), minted.EnumerateObject().Select(m => m.Name));
        foreach (string document in new[] { "tcb_info", "qe_identity" })
        {
            Assert.Equal(Members(Inner(real, document)), Members(Inner(minted, document)));
            Assert.Equal(real.GetProperty(document + "_signature").GetString()!.Length, minted.GetProperty(document + "_signature").GetString()!.Length);
        }

        foreach (string chain in new[] { "pck_crl_issuer_chain", "tcb_info_issuer_chain", "qe_identity_issuer_chain" })
        {
            Assert.Equal(
                Der.Pem(real.GetProperty(chain).GetString()!).Select(Der.Structure),
                Der.Pem(minted.GetProperty(chain).GetString()!).Select(Der.Structure));
        }
    }

    [Fact]
    public void Minted_lists_have_the_structure_of_real_ones()
    {
        JsonElement real = Parse(File.ReadAllBytes(Vectors.Path(Real)));
        JsonElement minted = Parse(Mint(new()));
        Assert.Equal(Der.Tags(Crl(real, "root_ca_crl")), Der.Tags(Crl(minted, "root_ca_crl")));

        // Equal once the repeated entries are taken as one.
        Assert.Equal(Der.Tags(Crl(real, "pck_crl")).Distinct(), Der.Tags(Crl(minted, "pck_crl")).Distinct());
    }

    [Fact]
    public void Signatures_hold_over_the_exact_strings()
    {
        JsonElement bundle = Parse(Mint(new()));
        foreach (string document in new[] { "tcb_info", "qe_identity" })
        {
            Assert.True(SignatureHolds(bundle, document));
            Assert.True(Der.Chains(
                Der.Pem(bundle.GetProperty(document + "_issuer_chain").GetString()!), test.Installation.Roots.IntelRootPem, test.Time.GetUtcNow()));
        }

        Assert.True(CrlHolds(bundle, "pck_crl", 0));
        Assert.True(CrlHolds(bundle, "root_ca_crl", 1));
    }

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_wrong_signature_is_the_only_thing_that_is_wrong(SignatureFault fault)
    {
        JsonElement tcb = Parse(Mint(new() { TcbInfoSignature = fault }));
        Assert.Equal((false, true, true), (SignatureHolds(tcb, "tcb_info"), SignatureHolds(tcb, "qe_identity"), CrlHolds(tcb, "pck_crl", 0)));
        JsonElement qe = Parse(Mint(new() { QeIdentitySignature = fault }));
        Assert.Equal((true, false, true), (SignatureHolds(qe, "tcb_info"), SignatureHolds(qe, "qe_identity"), CrlHolds(qe, "pck_crl", 0)));
        JsonElement crl = Parse(Mint(new() { PckCrlSignature = fault }));
        Assert.Equal((true, true, false), (SignatureHolds(crl, "tcb_info"), SignatureHolds(crl, "qe_identity"), CrlHolds(crl, "pck_crl", 0)));
    }

    [Fact]
    public void A_revoked_serial_number_stands_in_the_list()
    {
        byte[] serial = test.Installation.Tdx.PckSerialNumber(new());
        Assert.DoesNotContain(Convert.ToHexString(serial), RevokedSerials(new()));
        Assert.Contains(Convert.ToHexString(serial), RevokedSerials(new() { RevokedPcks = [serial] }));
    }

    [Fact]
    public void Fields_land_in_the_documents()
    {
        var issued = new DateTimeOffset(2025, 2, 3, 4, 5, 6, TimeSpan.Zero);
        JsonElement bundle = Parse(Mint(new()
        {
            TcbEvaluationDataNumber = 5,
            QeEvaluationDataNumber = 6,
            IssueDate = issued,
            NextUpdate = issued.AddDays(2),
            Fmspc = [0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF],
            EditTcbInfo = json => json.Replace("\"version\":3", "\"version\":9", StringComparison.Ordinal),
        }));
        JsonElement tcb = Inner(bundle, "tcb_info");
        Assert.Equal(5, tcb.GetProperty("tcbEvaluationDataNumber").GetInt32());
        Assert.Equal(6, Inner(bundle, "qe_identity").GetProperty("tcbEvaluationDataNumber").GetInt32());
        Assert.Equal("2025-02-03T04:05:06Z", tcb.GetProperty("issueDate").GetString());
        Assert.Equal("2025-02-05T04:05:06Z", tcb.GetProperty("nextUpdate").GetString());
        Assert.Equal("AABBCCDDEEFF", tcb.GetProperty("fmspc").GetString());
        Assert.Equal(9, tcb.GetProperty("version").GetInt32());
        Assert.True(SignatureHolds(bundle, "tcb_info"));
    }

    [Fact]
    public void Default_collateral_is_kept_and_renewed_in_time()
    {
        using var own = new TestInstallation();
        byte[] first = own.Installation.Collateral.Current;
        Assert.Same(first, own.Installation.Collateral.Current);
        own.Time.Advance(TimeSpan.FromHours(17));
        Assert.Same(first, own.Installation.Collateral.Current);
        own.Time.Advance(TimeSpan.FromDays(2));
        JsonElement renewed = Parse(own.Installation.Collateral.Current);
        Assert.True(Inner(renewed, "tcb_info").GetProperty("nextUpdate").GetDateTimeOffset() > own.Time.GetUtcNow().AddDays(29));
    }

    private byte[] Mint(CollateralSpec spec) => test.Installation.Collateral.Mint(spec);

    private static JsonElement Parse(byte[] json) => JsonDocument.Parse(json).RootElement;

    private static JsonElement Inner(JsonElement bundle, string name) => JsonDocument.Parse(bundle.GetProperty(name).GetString()!).RootElement;

    private static byte[] Crl(JsonElement bundle, string name) => Convert.FromHexString(bundle.GetProperty(name).GetString()!);

    private static bool SignatureHolds(JsonElement bundle, string document)
    {
        using X509Certificate2 signer = Der.Pem(bundle.GetProperty(document + "_issuer_chain").GetString()!)[0];
        using ECDsa key = signer.GetECDsaPublicKey()!;
        return key.VerifyData(
            Encoding.UTF8.GetBytes(bundle.GetProperty(document).GetString()!),
            Convert.FromHexString(bundle.GetProperty(document + "_signature").GetString()!),
            HashAlgorithmName.SHA256);
    }

    private static bool CrlHolds(JsonElement bundle, string name, int issuer)
    {
        using X509Certificate2 signer = Der.Pem(bundle.GetProperty("pck_crl_issuer_chain").GetString()!)[issuer];
        using ECDsa key = signer.GetECDsaPublicKey()!;
        AsnReader list = new AsnReader(Crl(bundle, name), AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> body = list.ReadEncodedValue();
        list.ReadSequence();
        try
        {
            return key.VerifyData(body.Span, list.ReadBitString(out _), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private IEnumerable<string> RevokedSerials(CollateralSpec spec)
    {
        AsnReader body = new AsnReader(Crl(Parse(Mint(spec)), "pck_crl"), AsnEncodingRules.DER).ReadSequence().ReadSequence();
        body.ReadInteger();
        body.ReadSequence();
        body.ReadSequence();
        body.ReadUtcTime();
        body.ReadUtcTime();
        AsnReader entries = body.ReadSequence();
        while (entries.HasData)
        {
            yield return Convert.ToHexString(entries.ReadSequence().ReadIntegerBytes().Span);
        }
    }

    /// <summary>Every path of member names in a document, arrays taken as one element.</summary>
    private static SortedSet<string> Members(JsonElement element)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        void Visit(JsonElement at, string path)
        {
            if (at.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in at.EnumerateObject())
                {
                    found.Add($"{path}.{member.Name} {member.Value.ValueKind}");
                    Visit(member.Value, $"{path}.{member.Name}");
                }
            }
            else if (at.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement item in at.EnumerateArray())
                {
                    Visit(item, path + "[]");
                }
            }
        }

        Visit(element, string.Empty);
        found.RemoveWhere(path => path.Contains("advisoryIDs", StringComparison.Ordinal) && path.StartsWith(".tcbLevels[].advisory", StringComparison.Ordinal));
        return found;
    }
}
