using System.CommandLine;
using System.Globalization;
using System.Text;
using Verathos.Attestation;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Bench.Mutation;
using Verathos.Host.Cli;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench mutation</c>: flipped bits of evidence, none of which may be accepted and none of which may throw.</summary>
internal static class BenchMutationCommand
{
    public static Command Create()
    {
        Command command = new("mutation", "Change evidence bit by bit: nothing that a signature or policy covers may still be accepted, and nothing may throw");
        Option<int> seed = new("--seed") { Description = "The seed of the random changes", DefaultValueFactory = _ => 1 };
        Option<long> count = new("--count") { Description = "How many random changes in all, over every format", DefaultValueFactory = _ => 20_000 };
        Option<bool> all = new("--all") { Description = "Flip every bit of every format once as well" };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(all);
        command.SetVerb((context, token) => Task.Run(() => Run(context, context.Value(seed), context.Value(count), context.Value(all), token), token));
        return command;
    }

    private static ExitCode Run(VerbContext context, int seed, long count, bool all, CancellationToken token)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-mutation-");
        List<MutationRow> rows = [];
        try
        {
            using Installation installation = Installation.OpenOrCreate(Path.Combine(folder.FullName, "installation"));
            MutationSubject[] subjects = [.. Subjects(installation)];
            foreach (MutationSubject subject in subjects)
            {
                context.Output.Note($"{subject.Name}: {subject.Bytes.Length} bytes");
                rows.Add(MutationBench.Run(subject, seed, Math.Max(1, count / subjects.Length), all, token));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        long mutations = rows.Sum(row => row.Mutations);
        bool holds = rows.All(row => row is { Accepted: 0, Exceptions: 0 } && row.AllocatedPerByte <= 16) && !token.IsCancellationRequested;
        if (context.Json)
        {
            context.Output.WriteJson(new { seed, all, mutations, holds, rows });
        }
        else
        {
            context.Output.Table(
                ["format", "bytes", "covered", "changes", "accepted", "outside", "exceptions", "alloc/byte", "seconds"],
                rows.Select(row => (IReadOnlyList<string>)
                [
                    row.Name, Text(row.Length), Text(row.Covered), Text(row.Mutations), Text(row.Accepted), Text(row.Uncovered), Text(row.Exceptions),
                    row.AllocatedPerByte.ToString("F1", CultureInfo.InvariantCulture), row.Seconds.ToString("F1", CultureInfo.InvariantCulture),
                ]),
                $"seed {seed}");
            foreach (MutationRow row in rows.Where(row => row.FirstFailure.Length > 0))
                context.Output.Line($"{row.Name}: {row.FirstFailure}");
            context.Output.Line($"{mutations} changes: {(holds ? "none of a covered byte accepted, no exception, allocation within 16 times the input and 64 KiB" : "NOT as it must be")}");
        }

        return holds ? ExitCode.Accepted : ExitCode.Failed;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<MutationSubject> Subjects(Installation installation)
    {
        TrustAnchors anchors = TrustAnchors.TryLoadSimulated(installation.Roots.Folder, out TrustAnchors? loaded, out string? problem)
            ? loaded!
            : throw new CommandException(ExitCode.Failed, problem!);
        DateTimeOffset at = TimeProvider.System.GetUtcNow();
        byte[] collateral = installation.Collateral.Current;
        byte[] quote = installation.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });

        // The certificates are PEM, whose line ends belong to nobody; each of them is a subject of its own below.
        int pem = quote.AsSpan().IndexOf("-----BEGIN"u8);
        yield return new MutationSubject(
            "tdx-quote", quote, bytes => Appraiser.AppraiseQuote(bytes, collateral, null, anchors, at, TimeSource.Verifier).IsAccepted, pem, MustPass: true);
        yield return new MutationSubject(
            "tdx-collateral", collateral, bytes => Appraiser.AppraiseQuote(quote, bytes, null, anchors, at, TimeSource.Verifier).IsAccepted, 0, MustPass: true);

        MintedGpuEvidence gpu = installation.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        ReadOnlyMemory<byte>[] rims = [installation.Rim.Driver, installation.Rim.Vbios];
        yield return new MutationSubject(
            "gpu-report", gpu.Report,
            bytes => Appraiser.AppraiseGpu(new GpuEvidence(bytes, gpu.CertificateChain), rims, new byte[32], null, anchors, at, TimeSource.Verifier).IsAccepted,
            gpu.Report.Length, MustPass: true);

        // Parsers by themselves: what they take is verified elsewhere, so nothing counts as accepted.
        yield return Parser("parse quote", quote, bytes => DcapQuote.TryParse(bytes, out _, out _));
        yield return Parser("parse collateral", collateral, bytes => QuoteCollateral.TryParse(bytes, out _, out _));
        yield return Parser("parse gpu-report", gpu.Report, bytes => GpuReport.TryParse(bytes, out _, out _));
        byte[] snp = new byte[SnpReport.Length];
        (snp[0], snp[10], snp[0x34]) = (3, 2, 1);
        yield return Parser("parse snp-report", snp, bytes => SnpReport.TryParse(bytes, out SnpReport? report, out _) && report!.IsReservedAsPrescribed);
        byte[] hcl = [.. "HCLA"u8, .. new byte[28 + SnpReport.Length], 22, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, (byte)'{', (byte)'}'];
        yield return Parser("parse azure-hcl", hcl, bytes => HclReport.TryParse(bytes, out HclReport? report, out _) && report!.ExpectedReportData().Length == 64);
        byte[] tpm = Convert.FromHexString("ff544347801800020001000800010203040506070000000000000000000000000000000000000000000000000000000001000b03ff00000020" + new string('0', 64));
        yield return Parser("parse tpm-quote", tpm, bytes => TpmQuote.TryParse(bytes, out _, out _));
        yield return Parser("parse token", Encoding.ASCII.GetBytes("eyJhbGciOiJFUzM4NCIsImtpZCI6ImsifQ.eyJpc3MiOiJhIiwiZXhwIjoxfQ.AAAA"), bytes => JsonWebToken.TryParse(bytes.Span, out _, out _));
        yield return Parser("parse policy", Policy.BuiltIn("tdx-h100").Raw.ToArray(), bytes => Policy.TryParse(bytes, out _, out _));
        yield return Parser(
            "parse event-log", Encoding.UTF8.GetBytes($$"""[{"imr":0,"event_type":4,"digest":"{{new string('a', 96)}}","event":"","event_payload":""}]"""),
            bytes => EventLog.TryParse(bytes, out _, out _));
        yield return Parser("parse gpu-chain", gpu.CertificateChain, bytes => PemReader.TryRead(bytes.Span, out _, out _));
        if (PemReader.TryRead(gpu.CertificateChain, out IReadOnlyList<Certificate> chain, out _))
        {
            yield return Parser("parse certificate", chain[0].Der.ToArray(), bytes => Certificate.TryParse(bytes, out _, out _));
        }
    }

    private static MutationSubject Parser(string name, byte[] bytes, Func<ReadOnlyMemory<byte>, bool> parse) => new(name, bytes, parse, 0, MustPass: false);
}
