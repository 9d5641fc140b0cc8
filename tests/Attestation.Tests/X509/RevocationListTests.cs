using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.X509;

/// <summary>Intel's recorded CRLs, and the refusals.</summary>
public sealed class RevocationListTests
{
    [Fact]
    public void Every_recorded_crl_parses_with_the_stated_number_of_entries()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("intel-collateral").Where(row => row.Kind.StartsWith("X509 CRL", StringComparison.Ordinal)))
        {
            rows++;
            int expected = int.Parse(row.Kind.Split('(')[1].Split(' ')[0], null);
            if (!RevocationList.TryParse(VectorTable.Read(row.Path), out RevocationList? list, out ParseError error)
                || list!.Count != expected || list.ThisUpdate >= list.NextUpdate || list.Number is null)
            {
                wrong.Add($"{row.Path}: {error} {list?.Count}");
            }
        }

        Assert.True(rows > 10, $"{rows} rows");
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_cut_or_extended_crl_does_not_parse()
    {
        VectorTable.IndexRow row = VectorTable.Index("intel-collateral").First(item => item.Kind.StartsWith("X509 CRL (44", StringComparison.Ordinal));
        byte[] der = VectorTable.Read(row.Path);

        Assert.True(RevocationList.TryParse(der, out _, out _));
        Assert.False(RevocationList.TryParse(der.AsMemory(0, der.Length - 1), out _, out _));
        Assert.False(RevocationList.TryParse((byte[])[.. der, 0], out _, out _));
        Assert.False(RevocationList.TryParse(default, out _, out _));
    }
}
