using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Verathos.Bench.Peers;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training.Rounds;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Bench.TrainingFaults;

/// <summary>
/// The program itself as coordinator, workers and validator on this machine: a run in which they are killed with SIGKILL at random points and started again, beside the same run left alone. Keys and
/// held-out documents are the same in both, so the models must have the same bits and the records must be the same but for times, numbers drawn, signatures, and what follows from another keyset.
/// </summary>
public static class FaultBench
{
    private const int MostDifferences = 5;
    private const int HeldOut = 1040;
    private const int Documents = HeldOut + 200;

    private static readonly string[] s_words =
        ["the", "river", "carries", "stones", "under", "bridge", "while", "every", "winter", "slowly", "returns", "and", "somebody", "writes", "letters", "about", "weather", "harbour", "lanterns", "again"];

    /// <summary>Runs both pairs.</summary>
    /// <exception cref="ReferenceException">A process ended by itself, or nothing moved any more.</exception>
    public static async Task<FaultReport> RunAsync(FaultOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string folder = Path.GetFullPath(options.Folder);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new ReferenceException($"{folder} is not empty; name another folder");
        }

        Directory.CreateDirectory(folder);
        Random random = new(options.Seed);
        (FaultPair returned, long parameters) = await PairAsync(options, Path.Combine(folder, "returned"), random, [], 3600, cancellationToken).ConfigureAwait(false);
        FaultPair? missed = null;
        if (options.Missed > 0)
        {
            MissedRound[] rounds =
            [
                .. Enumerable.Range(2, Math.Max(0, options.Rounds - 2)).OrderBy(_ => random.Next()).Take(options.Missed).Order().Select(round => new MissedRound(1 + random.Next(options.Workers), round)),
            ];
            (missed, _) = await PairAsync(options, Path.Combine(folder, "missed"), random, rounds, options.Deadline, cancellationToken).ConfigureAwait(false);
        }

        return new FaultReport(parameters, options.Rounds, options.Workers, options.Seed, returned, missed);
    }

    private static async Task<(FaultPair Pair, long Parameters)> PairAsync(
        FaultOptions options, string folder, Random random, MissedRound[] missed, double deadline, CancellationToken cancellationToken)
    {
        (string quiet, string killed) = (Path.Combine(folder, "quiet"), Path.Combine(folder, "killed"));
        Directory.CreateDirectory(quiet);
        string run = Path.Combine(folder, "run.json");
        await InitAsync(options, run, Path.Combine(quiet, "validator"), deadline, cancellationToken).ConfigureAwait(false);
        string label = missed.Length == 0 ? "all return" : "deadlines missed";
        double quietSeconds;
        using (FaultRun left = new(options, quiet, run, $"{label}, left alone", missed))
        {
            quietSeconds = await left.RunAsync(null, [], cancellationToken).ConfigureAwait(false);
        }

        // The same keys, and with them the same assignments and the same held-out documents.
        Copy(Path.Combine(quiet, "validator", "owner.key"), Path.Combine(killed, "validator", "owner.key"));
        for (int worker = 1; worker <= options.Workers; worker++)
        {
            Copy(Path.Combine(quiet, $"worker-{worker}", "hotkey.p8"), Path.Combine(killed, $"worker-{worker}", "hotkey.p8"));
        }

        using FaultRun faulty = new(options, killed, run, $"{label}, killed", []);
        double seconds = await faulty.RunAsync(random, missed, cancellationToken).ConfigureAwait(false);
        List<string> differences = [];
        byte[] model = Model(quiet, options.Rounds);
        bool equal = model.AsSpan().SequenceEqual(Model(killed, options.Rounds));
        if (!equal)
        {
            differences.Add("the final models differ");
        }

        (int records, int recordsEqual) = CompareRecords(options, quiet, killed, differences);
        (int outcomes, int outcomesEqual, double? first, double? last) = CompareOutcomes(options, quiet, killed, differences);
        return (new FaultPair(
            quietSeconds, seconds, faulty.Kills, faulty.KilledIn, missed, equal, records, recordsEqual, outcomes, outcomesEqual, Replays(killed), first, last, [.. differences.Take(MostDifferences)]), model.Length / 4);
    }

    private static async Task InitAsync(FaultOptions options, string run, string validator, double deadline, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(options.Program[0]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        string beacon = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(options.Seed)));
        foreach (string argument in (IReadOnlyList<string>)
            [
                .. options.Program.Skip(1), "train", "init", "--output", run, "--validator", validator, "--workers", options.Workers.ToString(CultureInfo.InvariantCulture),
                "--rounds", options.Rounds.ToString(CultureInfo.InvariantCulture), "--beacon", beacon,
            ])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        string error = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        _ = await output.ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new ReferenceException($"'train init' failed: {error}");
        }

        // Small enough that what is measured is what happens between processes.
        JsonNode file = JsonNode.Parse(await File.ReadAllTextAsync(run, cancellationToken).ConfigureAwait(false))!;
        file["model"]!["shape"] = JsonNode.Parse("""{"hidden_size":32,"intermediate_size":96,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":64,"rope_theta":10000,"rms_norm_eps":1e-5}""");
        JsonNode corpus = file["corpus"]!;
        (corpus["path"], corpus["seed"], corpus["documents"], corpus["vocabulary_size"]) = ("corpus.jsonl", null, Documents, 259);
        await File.WriteAllLinesAsync(Path.Combine(Path.GetDirectoryName(run)!, "corpus.jsonl"), Texts(options.Seed), cancellationToken).ConfigureAwait(false);
        JsonNode work = file["work"]!;
        (work["documents"], work["steps"], work["rows"], work["length"]) = (16, 2, 4, 64);
        JsonNode rounds = file["rounds"]!;
        (rounds["quorum"], rounds["commit_seconds"], rounds["reveal_seconds"], rounds["outcome_seconds"], rounds["patience_seconds"], rounds["absent_after"]) =
            (options.Workers - 1, deadline, 3600, 3600, 3600, 1000);
        JsonNode judging = file["judging"]!;
        (judging["held_out_documents"], judging["gradient_tokens"], judging["own_tokens"], judging["replay_share"], judging["replay_seconds"], judging["lost_replays"]) =
            (HeldOut, 4096, 256, options.ReplayShare, 30, 1000);
        await File.WriteAllTextAsync(run, file.ToJsonString(), cancellationToken).ConfigureAwait(false);
    }

    // Every text fills a sequence, so that a few of them have the tokens that exact losses need.
    private static IEnumerable<string> Texts(int seed)
    {
        Random random = new(seed);
        for (int text = 0; text < Documents; text++)
        {
            yield return new JsonObject { ["text"] = string.Join(' ', Enumerable.Range(0, 20).Select(_ => s_words[random.Next(s_words.Length) * random.Next(s_words.Length) / s_words.Length])) }.ToJsonString();
        }
    }

    private static byte[] Model(string folder, int rounds) => File.ReadAllBytes(Path.Combine(folder, "coordinator", "models", (rounds + 1).ToString("D8", CultureInfo.InvariantCulture) + ".f32"));

    private static (int Records, int Equal) CompareRecords(FaultOptions options, string quiet, string killed, List<string> differences)
    {
        (int records, int equal) = (0, 0);
        for (int worker = 1; worker <= options.Workers; worker++)
        {
            List<TrainingRecord> expected = [.. Records(Path.Combine(quiet, $"worker-{worker}"))];
            List<TrainingRecord> found = [.. Records(Path.Combine(killed, $"worker-{worker}"))];
            records += expected.Count;
            for (int i = 0; i < Math.Max(expected.Count, found.Count); i++)
            {
                if (i < expected.Count && i < found.Count && Bare(expected[i]).AsSpan().SequenceEqual(Bare(found[i])))
                {
                    equal++;
                }
                else
                {
                    differences.Add($"record {i + 1} of worker {worker}: round {(i < expected.Count ? expected[i].Round : null)} and {(i < found.Count ? found[i].Round : null)}");
                }
            }
        }

        return (records, equal);
    }

    // All but times, numbers drawn, and what follows from another keyset.
    private static byte[] Bare(TrainingRecord record) => (record with
    {
        IssuedAt = DateTimeOffset.UnixEpoch,
        Id = new byte[16],
        BootId = new byte[16],
        KeysetDigest = new byte[32],
        Previous = record.Previous is null ? null : new byte[32],
    }).EncodeClaims();

    private static IEnumerable<TrainingRecord> Records(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(folder, "records"), "*.cbor").Order(StringComparer.Ordinal))
        {
            byte[] bytes = File.ReadAllBytes(path);
            DeterministicCborReader reader = new(bytes);
            if (reader.TryReadArray(out _) && reader.TryReadBytes(out ReadOnlySpan<byte> message) && reader.TryReadBytes(out ReadOnlySpan<byte> encoded) && Keyset.TryParse(encoded.ToArray(), out Keyset? keyset, out _))
            {
                using ECDsa key = keyset.SigningKey.ToECDsa();
                yield return TrainingRecord.TryParse(message, key, out TrainingRecord? record, out _) ? record : throw new ReferenceException($"{path} does not verify");
            }
        }
    }

    private static (int Outcomes, int Equal, double? First, double? Last) CompareOutcomes(FaultOptions options, string quiet, string killed, List<string> differences)
    {
        using OwnerKey owner = OwnerKey.Load(Path.Combine(quiet, "validator", "owner.key"));
        (int outcomes, int equal) = (0, 0);
        (double? first, double? last) = (null, null);
        for (int round = 1; round <= options.Rounds; round++)
        {
            TrainingOutcome? expected = Outcome(quiet, round, owner.Signing);
            TrainingOutcome? found = Outcome(killed, round, owner.Signing);
            outcomes += expected is null ? 0 : 1;
            first ??= expected?.Losses?.Before;
            last = expected?.Losses?.After ?? last;
            if (expected is null ? found is null : found is not null && Bare(expected).AsSpan().SequenceEqual(Bare(found)))
            {
                equal += expected is null ? 0 : 1;
            }
            else
            {
                differences.Add($"the outcome of round {round}: {Told(expected)} and {Told(found)}");
            }
        }

        return (outcomes, equal, first, last);
    }

    private static string Told(TrainingOutcome? outcome) => outcome is null ? "none"
        : FormattableString.Invariant($"{outcome.Losses?.Before:R} to {outcome.Losses?.After:R}, ") + string.Join(", ", outcome.Verdicts.Select(static one => FormattableString.Invariant($"{one.Verdict} {one.Impact:R} {one.Units}")));

    private static byte[] Bare(TrainingOutcome outcome) => (outcome with { IssuedAt = DateTimeOffset.UnixEpoch, Previous = outcome.Previous is null ? null : new byte[32] }).EncodeClaims();

    private static TrainingOutcome? Outcome(string folder, int round, ECDsa key)
    {
        using RoundJournal journal = new(Path.Combine(folder, "coordinator", "rounds", round.ToString("D8", CultureInfo.InvariantCulture) + ".journal"));
        return journal.Events.OfType<RoundEvent.Judged>().FirstOrDefault() is { } judged && TrainingOutcome.TryParse(judged.Statement.Span, key, out TrainingOutcome? outcome, out _) ? outcome : null;
    }

    private static SortedDictionary<string, int> Replays(string folder)
    {
        byte[] run = SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "coordinator", "run.json")));
        using ValidatorState state = ValidatorState.OpenReadOnly(Path.Combine(folder, "validator", "state.db"));
        return new SortedDictionary<string, int>(state.Replays(run).GroupBy(static replay => replay.Result?.ToString() ?? "Open").ToDictionary(static group => group.Key, static group => group.Count()), StringComparer.Ordinal);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }
}
