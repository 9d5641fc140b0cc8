using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Bench.Mutation;

/// <summary>Whole evidence and collateral that the simulator mints, with what is covered of each.</summary>
/// <param name="installation">What mints it.</param>
internal sealed class MintedSubjects(Installation installation)
{
    private static readonly (string Member, Spelling Spelling)[] Documents =
    [
        ("tcb_info", Spelling.Text), ("tcb_info_signature", Spelling.Hex), ("qe_identity", Spelling.Text), ("qe_identity_signature", Spelling.Hex),
        ("pck_crl", Spelling.Hex), ("root_ca_crl", Spelling.Hex),
        ("pck_crl_issuer_chain", Spelling.Text), ("tcb_info_issuer_chain", Spelling.Text), ("qe_identity_issuer_chain", Spelling.Text),
    ];

    private readonly TrustAnchors _anchors = TrustAnchors.TryLoadSimulated(installation.Roots.Folder, out TrustAnchors? loaded, out string? problem)
        ? loaded!
        : throw new InvalidOperationException(problem);

    private readonly DateTimeOffset _at = TimeProvider.System.GetUtcNow();

    /// <summary>All of them.</summary>
    public IEnumerable<MutationSubject> All() => [.. Quotes(), .. Gpus(), .. EventLogs(), .. new MintedFormats(installation, _anchors, _at).All()];

    private IEnumerable<MutationSubject> Quotes()
    {
        byte[] collateral = installation.Collateral.Current;
        byte[] quote = installation.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        yield return new MutationSubject("tdx-quote v4, minted", quote, bytes => Accepts(bytes, collateral), Coverage.Quote(quote));
        foreach ((string member, Spelling spelling) in Documents)
        {
            byte[] document = Wrapped.Read(collateral, member, spelling);
            Func<ReadOnlyMemory<byte>, byte[]> wrap = Wrapped.Writer(collateral, member, spelling);
            byte[] covered = member.EndsWith("chain", StringComparison.Ordinal) ? Coverage.Pem(document) : Coverage.All(document);
            yield return new MutationSubject($"{member}, minted", document, bytes => Accepts(quote, wrap(bytes)), covered);
        }
    }

    private IEnumerable<MutationSubject> Gpus()
    {
        byte[] nonce = new byte[32];
        MintedGpuEvidence gpu = installation.Gpu.Mint(new GpuReportSpec { Nonce = nonce });
        byte[] driver = installation.Rim.Driver;
        byte[] vbios = installation.Rim.Vbios;
        bool Accepts(ReadOnlyMemory<byte> report, ReadOnlyMemory<byte> chain, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second) => Appraiser.AppraiseGpu(
            new GpuEvidence(report, chain), [first, second], nonce, null, _anchors, _at, TimeSource.Verifier).IsAccepted;
        yield return new MutationSubject("gpu-report, minted", gpu.Report, bytes => Accepts(bytes, gpu.CertificateChain, driver, vbios), Coverage.All(gpu.Report));
        yield return new MutationSubject("gpu chain, minted", gpu.CertificateChain, bytes => Accepts(gpu.Report, bytes, driver, vbios), Coverage.Pem(gpu.CertificateChain));
        yield return new MutationSubject("driver rim, minted", driver, bytes => Accepts(gpu.Report, gpu.CertificateChain, bytes, vbios), Coverage.Xml(driver));
        yield return new MutationSubject("vbios rim, minted", vbios, bytes => Accepts(gpu.Report, gpu.CertificateChain, driver, bytes), Coverage.Xml(vbios));
    }

    // A log in the form of a CCEL table's area, and the quote of a guest whose registers it leads to.
    private IEnumerable<MutationSubject> EventLogs()
    {
        byte[] collateral = installation.Collateral.Current;
        List<byte> log = [.. new byte[4], 3, 0, 0, 0, .. new byte[20], 16, 0, 0, 0, .. "Spec ID Event03\0"u8];
        List<(int Start, int Length)> free = [(0, 4), (8, 20), (47, 1)];
        for (uint i = 0; i < 12; i++)
        {
            byte[] data = RandomNumberGenerator.GetBytes(5 + (int)i);
            byte[] head = new byte[12];
            BinaryPrimitives.WriteUInt32LittleEndian(head, 1 + (i % 4));
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), 0x80000001 + i);
            head[8] = 1;

            // Its type says nothing to the registers (but for "no action", which is several bits away), and so do its data.
            free.Add((log.Count + 4, 4));
            free.Add((log.Count + 12 + 2 + 48 + 4, data.Length));
            log.AddRange([.. head, 0x0C, 0, .. SHA384.HashData(data), (byte)data.Length, 0, 0, 0, .. data]);
        }

        byte[] bytes = [.. log];
        IReadOnlyList<ReadOnlyMemory<byte>> registers = EventLog.TryParse(bytes, out EventLog? parsed, out ParseError error)
            ? parsed!.Replay()
            : throw new InvalidOperationException(error.ToString());
        byte[] quote = installation.Tdx.Mint(new TdxQuoteSpec
        {
            ReportData = new byte[64],
            Rtmr0 = registers[0].ToArray(),
            Rtmr1 = registers[1].ToArray(),
            Rtmr2 = registers[2].ToArray(),
            Rtmr3 = registers[3].ToArray(),
        });
        yield return new MutationSubject(
            "event log, minted", bytes,
            changed => Appraiser.AppraiseQuote(quote, collateral, null, _anchors, _at, TimeSource.Verifier, changed).IsAccepted,
            Coverage.AllBut(bytes, [.. free]));
    }

    private bool Accepts(ReadOnlyMemory<byte> quote, ReadOnlyMemory<byte> collateral) =>
        Appraiser.AppraiseQuote(quote, collateral, null, _anchors, _at, TimeSource.Verifier).IsAccepted;
}
