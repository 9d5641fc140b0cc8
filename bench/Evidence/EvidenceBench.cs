using System.Diagnostics;
using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.Simulator;

namespace Verathos.Bench.Evidence;

/// <summary>
/// Times the verification of evidence beside npm @phala/dcap-qvl and @phala/dcap-qvl-web on the same quotes and collateral, in
/// interleaved pairs of random order, each verifier alone on one thread.
/// </summary>
public static class EvidenceBench
{
    private const double LeastRatio = 5;
    private const string Known = "verathos";
    private const string Unseen = "verathos, platform not seen before";

    // Long enough for the runtime to have compiled the path anew with what it learned.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);

    private static readonly (string Verifier, string Name, string Package)[] Peers =
        [("js", "npm @phala/dcap-qvl", "dcap-qvl"), ("web", "npm @phala/dcap-qvl-web", "dcap-qvl-web")];

    /// <summary>Runs every kind of evidence that is there.</summary>
    /// <exception cref="ReferenceException">The reference programs are not installed.</exception>
    public static async Task<EvidenceBenchReport> RunAsync(EvidenceBenchOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<string> skipped = [];
        List<EvidenceRow> rows = [];
        List<EvidenceGoal> goals = [];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-evidence-");
        try
        {
            using Installation installation = Installation.OpenOrCreate(Path.Combine(folder.FullName, "installation"));
            using ReferenceProcess process = ReferenceProcess.Start(options.Reference, "evidence.mjs");
            foreach (EvidenceCase subject in Cases(options, new MintedEvidence(installation), skipped))
            {
                options.Progress($"{subject.Format}, {subject.Source}: {subject.Items.Count}");
                await new Run(options, subject, process, rows, goals).MeasureAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return new EvidenceBenchReport(options.Pairs, options.Repeats, [.. Peers.Select(peer => $"{peer.Name} {Version(options.Reference, peer.Package)}")], rows, goals, skipped);
    }

    private static IEnumerable<EvidenceCase> Cases(EvidenceBenchOptions options, MintedEvidence minted, List<string> skipped)
    {
        RecordedEvidence recorded = new(options.Vectors);
        List<EvidenceCase> cases = [];
        if (recorded.IsThere)
        {
            cases.Add(new EvidenceCase("TDX quote", "recorded", 0.7, recorded.Quotes(tdx: true)));
            cases.Add(new EvidenceCase("SGX quote", "recorded", null, recorded.Quotes(tdx: false)));
            cases.Add(new EvidenceCase("SEV-SNP report", "recorded", 1.5, recorded.Snp()));
            cases.Add(new EvidenceCase("GPU report with chain and references", "recorded", 3, recorded.Gpus()));
        }
        else
        {
            skipped.Add($"recorded evidence: {options.Vectors} does not hold INDEX.tsv and VERDICTS.tsv");
        }

        cases.Add(new EvidenceCase("TDX quote", "minted", 0.7, minted.Quotes()));
        cases.Add(new EvidenceCase("GPU report with chain and references", "minted", 3, minted.Gpus()));
        skipped.AddRange(cases.Where(item => item.Items.Count == 0).Select(item => $"{item.Format}, {item.Source}: none is there that is accepted"));
        return cases.Where(item => item.Items.Count > 0);
    }

    private static string Version(string reference, string package)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(reference, "node_modules", "@phala", package, "package.json")));
        return document.RootElement.GetProperty("version").GetString()!;
    }

    private sealed class Run(EvidenceBenchOptions options, EvidenceCase subject, ReferenceProcess process, List<EvidenceRow> rows, List<EvidenceGoal> goals)
    {
        private readonly Dictionary<string, List<double>> _times = [];
        private readonly Dictionary<string, List<double>> _allocated = [];
        private readonly Dictionary<string, (List<double> Peer, List<double> Own)> _pairs = [];

        private string Title => $"{subject.Format}, {subject.Source}";

        public async Task MeasureAsync(CancellationToken cancellationToken)
        {
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;)
            {
                foreach (EvidenceItem item in subject.Items)
                {
                    Accept(item.Verify());
                    item.VerifyAnother?.Invoke();
                }
            }

            // Seeded: the order is no secret.
#pragma warning disable CA5394
            Random random = new(1);
            for (int pair = 0; pair < options.Pairs; pair++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                EvidenceItem item = subject.Items[pair % subject.Items.Count];
                List<string> order = [Known];
                if (item.VerifyAnother is not null)
                {
                    order.Add(Unseen);
                }

                if (item.Peer is not null)
                {
                    order.AddRange(await LoadPeersAsync(item.Peer, cancellationToken).ConfigureAwait(false));
                }

                string[] shuffled = [.. order];
                random.Shuffle(shuffled);
                Dictionary<string, double> measured = [];
                foreach (string verifier in shuffled)
                {
                    measured[verifier] = verifier switch
                    {
                        Known => MeasureKnown(item),
                        Unseen => MeasureUnseen(item),
                        _ => (await VerifyPeerAsync(verifier, options.Repeats, cancellationToken).ConfigureAwait(false))!.Value,
                    };
                    Of(_times, verifier).Add(measured[verifier]);
                }

                foreach (string verifier in shuffled.Where(verifier => verifier != Known))
                {
                    (List<double> peer, List<double> own) = _pairs.TryGetValue(verifier, out (List<double> Peer, List<double> Own) found) ? found : _pairs[verifier] = ([], []);
                    peer.Add(measured[verifier]);
                    own.Add(measured[Known]);
                }
            }
#pragma warning restore CA5394

            Report();
        }

        private double MeasureKnown(EvidenceItem item)
        {
            Accept(item.Verify());
            return Time(Known, item);
        }

        // Everything is forgotten; then another platform brings back what both share: collateral, authorities, references.
        private double MeasureUnseen(EvidenceItem item)
        {
            double sum = 0;
            for (int i = 0; i < options.Repeats; i++)
            {
                Appraiser.ClearCaches();
                item.VerifyAnother!();
                sum += Time(Unseen, item, 1);
            }

            return sum / options.Repeats;
        }

        private double Time(string verifier, EvidenceItem item, int? repeats = null)
        {
            int count = repeats ?? options.Repeats;
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            Verdict? verdict = null;
            for (int i = 0; i < count; i++)
            {
                verdict = item.Verify();
            }

            double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds / count;
            Of(_allocated, verifier).Add((double)(GC.GetAllocatedBytesForCurrentThread() - before) / count);
            Accept(verdict ?? throw new InvalidOperationException("nothing was measured"));
            return elapsed;
        }

        // A quote that a peer refuses, for a rule of its own, is not compared with that peer.
        private async Task<List<string>> LoadPeersAsync(PeerInput input, CancellationToken cancellationToken)
        {
            await process.AskAsync(
                new
                {
                    quote = Convert.ToBase64String(input.Quote.Span),
                    collateral = Convert.ToBase64String(input.Collateral.Span),
                    at = input.At,
                    root = input.Root is { } root ? Convert.ToBase64String(root.Span) : null,
                },
                cancellationToken).ConfigureAwait(false);
            List<string> accepting = [];
            foreach ((string verifier, string name, _) in Peers)
            {
                // The WebAssembly build takes no root but Intel's.
                if ((input.Root is null || verifier == "js") && await VerifyPeerAsync(name, 1, cancellationToken).ConfigureAwait(false) is not null)
                {
                    accepting.Add(name);
                }
            }

            return accepting;
        }

        private async Task<double?> VerifyPeerAsync(string name, int count, CancellationToken cancellationToken)
        {
            string verifier = Array.Find(Peers, peer => peer.Name == name).Verifier;
            JsonElement answer = await process.AskFreelyAsync(new { verifier, count }, cancellationToken).ConfigureAwait(false);
            return answer.TryGetProperty("milliseconds", out JsonElement time) ? time.GetDouble() : null;
        }

        private void Report()
        {
            foreach ((string verifier, List<double> times) in _times.OrderBy(entry => entry.Key != Known).ThenBy(entry => entry.Key != Unseen).ThenBy(entry => entry.Key))
            {
                PairedRatio? ratio = _pairs.TryGetValue(verifier, out (List<double> Peer, List<double> Own) pair) ? PairedRatio.Of(pair.Peer, pair.Own) : null;
                Spread milliseconds = Spread.Of(times);
                rows.Add(new EvidenceRow(Title, verifier, subject.Items.Count, milliseconds, _allocated.TryGetValue(verifier, out List<double>? bytes) ? Spread.Of(bytes) : null, ratio));
                if (verifier is Known or Unseen && subject.Goal is { } most)
                {
                    goals.Add(new EvidenceGoal(Title, FormattableString.Invariant($"{verifier}: at most {most} ms"), milliseconds.Median, milliseconds.Median <= most));
                }
                else if (verifier is not (Known or Unseen))
                {
                    goals.Add(new EvidenceGoal(Title, $"{verifier} takes at least {LeastRatio} times as long", ratio!.Median, ratio.Median >= LeastRatio));
                }
            }
        }

        private void Accept(Verdict verdict)
        {
            if (!verdict.IsAccepted)
            {
                throw new InvalidOperationException($"{Title}: the evidence under measurement is refused: {verdict.Reason}");
            }
        }

        private static List<double> Of(Dictionary<string, List<double>> lists, string verifier) => lists.TryGetValue(verifier, out List<double>? list) ? list : lists[verifier] = [];
    }
}
