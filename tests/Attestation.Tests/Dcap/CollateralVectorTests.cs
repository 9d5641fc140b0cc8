using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.Dcap;

/// <summary>Recorded collateral documents, CRLs and parser fixtures, by the statements of INDEX.tsv.</summary>
public sealed class CollateralVectorTests
{
    private const string Bundle = "intel-collateral/bundles/tdx-b0c06f000000-2025-03-13-eval17-5b6193.json";

    [Fact]
    public void Every_indexed_document_parses_and_is_signed_by_Intels_key()
    {
        EcPublicKey key = SigningKey();
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("intel-collateral").Where(row =>
            row.Expected.StartsWith("signature valid", StringComparison.Ordinal)))
        {
            rows++;
            if (!TryRead(VectorTable.Read(row.Path), out byte[] document, out byte[] signature, out bool identity)
                || !Parses(document, identity) || !key.VerifyRaw(document, signature, HashAlgorithmName.SHA256))
            {
                wrong.Add($"{row.Path}: {row.Expected}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(72, rows);
    }

    [Fact]
    public void Every_fixture_that_must_not_parse_does_not()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("intel-collateral").Where(row =>
            row.Expected.StartsWith("INVALID(parse)", StringComparison.Ordinal)))
        {
            rows++;
            if (TryRead(VectorTable.Read(row.Path), out byte[] document, out _, out bool identity) && Parses(document, identity))
            {
                wrong.Add($"{row.Path}: {row.Expected}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(28, rows);
    }

    [Fact]
    public void Every_indexed_revocation_list_parses_with_the_stated_count()
    {
        List<string> wrong = [];
        foreach (VectorTable.IndexRow row in VectorTable.Index("intel-collateral").Where(row => row.Kind.StartsWith("X509 CRL", StringComparison.Ordinal)))
        {
            if (!RevocationList.TryParse(VectorTable.Read(row.Path), out RevocationList? list, out ParseError error)
                || !row.Kind.Contains($"({list!.Count} revoked)", StringComparison.Ordinal))
            {
                wrong.Add($"{row.Path}: {row.Kind} {error}");
            }
        }

        Assert.Empty(wrong);
    }

    private static bool Parses(byte[] document, bool identity) =>
        identity ? QeIdentity.TryParse(document, out _, out _) : TcbInfo.TryParse(document, out _, out _);

    // The exact text of the signed member, as the file has it.
    private static bool TryRead(byte[] file, out byte[] document, out byte[] signature, out bool identity)
    {
        document = [];
        signature = [];
        identity = false;
        try
        {
            JsonElement root = JsonElement.Parse(file);
            JsonElement member = default;
            foreach (string name in (string[])["tcbInfo", "enclaveIdentity", "qeIdentity"])
            {
                if (root.TryGetProperty(name, out JsonElement found))
                {
                    member = found;
                    identity = name != "tcbInfo";
                }
            }

            if (member.ValueKind != JsonValueKind.Object || !root.TryGetProperty("signature", out JsonElement hex) || hex.GetString() is not { Length: 128 } text)
            {
                return false;
            }

            document = Encoding.UTF8.GetBytes(member.GetRawText());
            signature = Convert.FromHexString(text);
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    private static EcPublicKey SigningKey()
    {
        Assert.True(QuoteCollateral.TryParse(VectorTable.Read(Bundle), out QuoteCollateral? collateral, out _));
        Assert.True(CertificatePath.TryBuild(collateral!.TcbInfoIssuerChain, TrustAnchors.Production.IntelRootSpki.Span, out CertificatePath? path, out _));
        Assert.True(path!.Leaf.TryGetKey(out EcPublicKey? key));
        return key!;
    }
}
