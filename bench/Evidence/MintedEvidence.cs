using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Bench.Evidence;

/// <summary>Evidence that the simulator mints, each piece of a platform of its own and under roots made for this run.</summary>
/// <param name="installation">What mints it.</param>
internal sealed class MintedEvidence(Installation installation)
{
    private const int Platforms = 24;

    private readonly TrustAnchors _anchors = TrustAnchors.TryLoadSimulated(installation.Roots.Folder, out TrustAnchors? loaded, out string? problem)
        ? loaded!
        : throw new InvalidOperationException(problem);

    private readonly DateTimeOffset _at = TimeProvider.System.GetUtcNow();

    /// <summary>TDX quotes of different platforms.</summary>
    public IReadOnlyList<EvidenceItem> Quotes()
    {
        using X509Certificate2 root = X509Certificate2.CreateFromPem(installation.Roots.IntelRootPem);
        byte[] rootDer = root.RawData;
        byte[] collateral = installation.Collateral.Current;
        byte[][] quotes = [.. Enumerable.Range(1, Platforms).Select(i => installation.Tdx.Mint(new TdxQuoteSpec
        {
            ReportData = RandomNumberGenerator.GetBytes(64),
            Pck = new PckSpec { SerialNumber = [1, .. RandomNumberGenerator.GetBytes(15)] },
        }))];
        Func<Verdict> Verifier(int i) => () => Appraiser.AppraiseQuote(quotes[i], collateral, null, _anchors, _at, TimeSource.Verifier);
        return [.. quotes.Select((quote, i) => new EvidenceItem($"minted {i}", $"{i}", Verifier(i), new PeerInput(quote, collateral, _at.ToUnixTimeSeconds(), rootDer))
        {
            VerifyAnother = Verifier((i + 1) % Platforms),
        })];
    }

    /// <summary>GPU reports of different GPUs.</summary>
    public IReadOnlyList<EvidenceItem> Gpus()
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        ReadOnlyMemory<byte>[] references = [installation.Rim.Driver, installation.Rim.Vbios];
        MintedGpuEvidence[] minted = [.. Enumerable.Range(0, SimulatedGpu.DeviceCount).Select(device => installation.Gpu.Mint(new GpuReportSpec { Nonce = nonce, Device = device }))];
        Func<Verdict> Verifier(int i)
        {
            GpuEvidence evidence = new(minted[i].Report, minted[i].CertificateChain);
            return () => Appraiser.AppraiseGpu(evidence, references, nonce, null, _anchors, _at, TimeSource.Verifier);
        }

        return [.. minted.Select((_, i) => new EvidenceItem($"minted {i}", $"{i}", Verifier(i), null) { VerifyAnother = Verifier((i + 1) % minted.Length) })];
    }
}
