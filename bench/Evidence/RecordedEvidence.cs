using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;

namespace Verathos.Bench.Evidence;

/// <summary>Recorded evidence of the vectors folder that is accepted with its collateral at its time.</summary>
/// <param name="folder">The folder with INDEX.tsv and VERDICTS.tsv.</param>
internal sealed class RecordedEvidence(string folder)
{
    private const string CompleteGpu = "nvidia-spdm/ccc-certifier-framework-certifier-framework-for-confidential-computing/attestationReport-bb0c8426.bin";
    private const string DriverRim = "nvidia-rim/nvidia-nvtrust/Driver_RIM_test_no_gpu.swidtag";
    private const string VbiosRim = "nvidia-rim/nvidia-nvtrust/1010_0200_882_96005E0001_test_no_gpu.swidtag";

    /// <summary>Whether the folder holds the index.</summary>
    public bool IsThere => File.Exists(Path.Combine(folder, "INDEX.tsv")) && File.Exists(Path.Combine(folder, "VERDICTS.tsv"));

    /// <summary>Quotes of VERDICTS.tsv, each once.</summary>
    public IReadOnlyList<EvidenceItem> Quotes(bool tdx)
    {
        string claim = tdx ? "tdx.ppid" : "sgx.ppid";
        List<EvidenceItem> items = [];
        HashSet<string> seen = [];
        foreach (string[] row in Rows("VERDICTS.tsv"))
        {
            if (row[0].StartsWith("tdx", StringComparison.Ordinal) != tdx || row[3] == "NoMatch" || seen.Contains(row[0]))
            {
                continue;
            }

            byte[] quote = Read(row[0]);
            byte[] collateral = Read(row[1]);
            DateTimeOffset at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(row[2], CultureInfo.InvariantCulture));
            Verdict Verify() => Appraiser.AppraiseQuote(quote, collateral, null, TrustAnchors.Production, at, TimeSource.Asserted);
            Verdict verdict = Verify();
            if (verdict.IsAccepted && seen.Add(row[0]))
            {
                items.Add(new EvidenceItem(row[0], verdict.Claims[claim], Verify, new PeerInput(quote, collateral, at.ToUnixTimeSeconds(), null)));
            }
        }

        return [.. items.Select(item => item with
        {
            VerifyAnother = items.Find(other => other.Platform != item.Platform) is { Peer: { } another }
                ? () => Appraiser.AppraiseQuote(
                    another.Quote, item.Peer!.Collateral, null, TrustAnchors.Production, DateTimeOffset.FromUnixTimeSeconds(item.Peer.At), TimeSource.Asserted)
                : null,
        })];
    }

    /// <summary>SEV-SNP reports with their VCEK and Milan's revocation list.</summary>
    public IReadOnlyList<EvidenceItem> Snp()
    {
        byte[] list = Read("snp/openpcc-openpcc/crl-ARK-Milan-2025-05-06-2452ae.der");
        DateTimeOffset at = new(2025, 8, 1, 0, 0, 0, TimeSpan.Zero);
        List<(EvidenceItem Item, Func<Verdict> Verify)> items = [];
        foreach (string[] row in Rows("INDEX.tsv").Where(row => row[1] == "snp" && row[3].Contains("(milan)", StringComparison.Ordinal)))
        {
            string key = row[3][(row[3].IndexOf("with ", StringComparison.Ordinal) + 5)..row[3].IndexOf('(', StringComparison.Ordinal)];
            if (!File.Exists(Path.Combine(folder, key)))
            {
                continue;
            }

            byte[] report = Read(row[0]);
            byte[] collateral = Encoding.UTF8.GetBytes(new JsonObject
            {
                ["vcek_der_b64"] = Convert.ToBase64String(Read(key)),
                ["crl_der_b64"] = Convert.ToBase64String(list),
            }.ToJsonString());
            Verdict Verify() => Appraiser.AppraiseSnp(report, collateral, "Milan", null, TrustAnchors.Production, at, TimeSource.Asserted);
            if (Verify().IsAccepted)
            {
                items.Add((new EvidenceItem(row[0], key, Verify, null), Verify));
            }
        }

        return [.. items.Select(pair => pair.Item with { VerifyAnother = items.Find(other => other.Item.Platform != pair.Item.Platform).Verify })];
    }

    /// <summary>The GPU report whose references are recorded as well.</summary>
    public IReadOnlyList<EvidenceItem> Gpus()
    {
        string[][] rows = [.. Rows("INDEX.tsv").Where(row => row[1] == "nvidia-spdm" && row[2].StartsWith("SPDM", StringComparison.Ordinal) && row[5].Length > 0)];
        string[]? complete = Array.Find(rows, row => row[0] == CompleteGpu);
        string[]? another = Array.Find(rows, row => row[5] != complete?[5] && row[6].Contains("H100", StringComparison.Ordinal));
        if (complete is null || another is null)
        {
            return [];
        }

        DateTimeOffset at = new(2024, 6, 1, 0, 0, 0, TimeSpan.Zero);
        ReadOnlyMemory<byte>[] references = [Read(VbiosRim), Read(DriverRim)];
        Func<Verdict> Verifier(string[] row)
        {
            GpuEvidence evidence = new(Read(row[0]), Read(row[5]));
            return () => Appraiser.AppraiseGpu(evidence, references, null, null, TrustAnchors.Production, at, TimeSource.Asserted);
        }

        EvidenceItem item = new(complete[0], complete[5], Verifier(complete), null) { VerifyAnother = Verifier(another) };
        return item.Verify().IsAccepted ? [item] : [];
    }

    private byte[] Read(string path) => File.ReadAllBytes(Path.Combine(folder, path));

    private IEnumerable<string[]> Rows(string file) => File.ReadLines(Path.Combine(folder, file)).Skip(1).Select(line => line.Split('\t')).Where(row => row.Length > 6);
}
