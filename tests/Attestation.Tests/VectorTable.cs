using Verathos.Testing;

namespace Verathos.Attestation.Tests;

/// <summary>Rows of the vectors' INDEX.tsv and VERDICTS.tsv.</summary>
internal static class VectorTable
{
    public sealed record IndexRow(string Path, string Family, string Kind, string Expected, string Collateral, string Validity);

    public sealed record VerdictRow(
        string Quote, string Collateral, DateTimeOffset At, string Status, string Platform, string Module, string QuotingEnclave,
        string Advisories, bool SecondOpinionAgrees);

    public static IReadOnlyList<IndexRow> Index(string family) =>
        [.. Rows("INDEX.tsv").Where(row => row[1] == family).Select(row => new IndexRow(row[0], row[1], row[2], row[3], row[5], row[4]))];

    public static IReadOnlyList<VerdictRow> Verdicts(string family) =>
        [.. Rows("VERDICTS.tsv").Where(row => row[0].StartsWith(family + "/", StringComparison.Ordinal)).Select(row => new VerdictRow(
            row[0], row[1], DateTimeOffset.FromUnixTimeSeconds(long.Parse(row[2], null)), row[3], row[4], row[5], row[6], row[7], row[8] == "yes"))];

    public static byte[] Read(string path) => File.ReadAllBytes(Vectors.Path(path));

    private static IEnumerable<string[]> Rows(string file) =>
        File.ReadLines(Vectors.Path(file)).Skip(1).Where(line => line.Length > 0).Select(line => line.Split('\t'));
}
