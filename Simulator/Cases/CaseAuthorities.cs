using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Azure;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tokens;

namespace Verathos.Simulator.Cases;

/// <summary>Everybody who vouches for evidence in a policy's cases, with a second one of each that nobody trusts; made when first needed.</summary>
internal sealed class CaseAuthorities : IDisposable
{
    private static readonly SnpProduct[] Products = [SnpProduct.Milan, SnpProduct.Turin];

    // Nothing here outlives the run, and RSA keys of AMD's length take seconds to make.
    private const int KeyBits = 2048;

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-policy-").FullName;
    private readonly Lazy<Dictionary<SnpProduct, SimulatedAmd>> _amd;
    private readonly Lazy<SimulatedAmd> _foreignAmd;
    private readonly Lazy<SimulatedNras> _nras;
    private readonly Lazy<SimulatedMaa> _maa;
    private readonly Lazy<SimulatedNras> _foreignNras;
    private readonly Lazy<SimulatedMaa> _foreignMaa;
    private readonly Lazy<SimulatedAzure> _azure = new(() => new SimulatedAzure());
    private readonly Lazy<TrustAnchors> _withAmd;

    public CaseAuthorities(TimeProvider time)
    {
        Trusted = Installation.OpenOrCreate(Path.Combine(_folder, "trusted"), time);
        Foreign = Installation.OpenOrCreate(Path.Combine(_folder, "foreign"), time);
        _amd = new(() => Products.ToDictionary(product => product, product => new SimulatedAmd(product, time, KeyBits)));
        _foreignAmd = new(() => new SimulatedAmd(Products[0], time, KeyBits));
        _nras = new(() => new SimulatedNras(time));
        _maa = new(() => new SimulatedMaa(time));
        _foreignNras = new(() => new SimulatedNras(time));
        _foreignMaa = new(() => new SimulatedMaa(time));
        Anchors = Load(null);
        _withAmd = new(() => Load(_amd.Value));
    }

    public Installation Trusted { get; }

    public Installation Foreign { get; }

    /// <summary>The roots of Intel's and NVIDIA's part.</summary>
    public TrustAnchors Anchors { get; }

    /// <summary>The roots that a policy's sections need.</summary>
    public TrustAnchors AnchorsFor(Policy policy) => policy.Snp is null ? Anchors : _withAmd.Value;

    /// <summary>Mints and appraises a whole node.</summary>
    public Verdict Appraise(Policy policy, TrustAnchors anchors, SimulatedNodeSpec node) =>
        Appraiser.Appraise(SimulatedNode.Mint(Trusted, Foreign, node), policy, anchors, node.At, node.TimeSource);

    /// <summary>Mints and appraises evidence by itself.</summary>
    /// <exception cref="InvalidDataException">There is no such kind.</exception>
    public Verdict Appraise(Policy policy, TrustAnchors anchors, SimulatedPieceSpec piece)
    {
        DateTimeOffset at = piece.Node.At;
        TimeSource source = piece.Node.TimeSource;
        ReadOnlyMemory<byte>? nonce = piece.WithoutNonce ? (ReadOnlyMemory<byte>?)null : piece.ExpectedNonce ?? piece.Nonce;
        SimulatedAmd amd = piece.Kind is "snp" or "azure-snp" ? Amd(piece) : null!;
        switch (piece.Kind)
        {
            case "sgx":
                return Appraiser.AppraiseQuote(Trusted.Sgx.Mint(piece.Sgx), Quote(piece), policy, anchors, at, source);
            case "snp":
                return Appraiser.AppraiseSnp(amd.Mint(piece.Snp), Snp(piece, amd), null, policy, anchors, at, source);
            case "gpu":
                GpuEvidence[] gpus = SimulatedNode.Gpus(piece.Node.ForeignGpu ? Foreign : Trusted, piece.Node, piece.Nonce);
                return Appraiser.AppraiseGpus(
                    gpus, SimulatedNode.Rims(Trusted, piece.Node, gpus), SimulatedNode.Answers(piece.Node.ForeignGpu ? Foreign : Trusted, piece.Node, gpus), nonce,
                    policy, anchors, at, source);
            case "azure-snp":
                return Appraiser.AppraiseAzure(
                    Bytes(_azure.Value.Mint(piece.Azure with { Nonce = piece.Nonce, Snp = piece.Snp }, amd)), Snp(piece, amd), nonce, null, policy, anchors, at, source);
            case "azure-tdx":
                return Appraiser.AppraiseAzure(
                    Bytes(_azure.Value.Mint(piece.Azure with { Nonce = piece.Nonce, Tdx = piece.Node.Quote with { ReportData = new byte[64] } }, Trusted.Tdx)),
                    Quote(piece) ?? default, nonce, null, policy, anchors, at, source);
            case "nvidia-eat":
                JsonObject keys = (piece.ForeignKeys ? _foreignNras : _nras).Value.Collateral;
                return Appraiser.AppraiseTokens(
                    _nras.Value.MintBytes(piece.Nras with { Nonce = piece.Nonce }), nvidia: true, piece.WithoutCollateral ? default : Bytes(keys), nonce, policy, anchors,
                    at, source);
            case "azure-maa":
                JsonObject set = (piece.ForeignKeys ? _foreignMaa : _maa).Value.Collateral;
                return Appraiser.AppraiseTokens(
                    _maa.Value.MintBytes(piece.Maa with { Nonce = piece.Nonce }), nvidia: false, piece.WithoutCollateral ? default : Bytes(set), nonce, policy, anchors, at,
                    source);
            default:
                throw new InvalidDataException($"evidence \"{piece.Kind}\" is none of node, sgx, snp, gpu, azure-snp, azure-tdx, nvidia-eat and azure-maa");
        }
    }

    public void Dispose()
    {
        Trusted.Dispose();
        Foreign.Dispose();
        IEnumerable<IDisposable> amds = _amd.IsValueCreated ? _amd.Value.Values : [];
        IDisposable?[] others = [Made(_foreignAmd), Made(_nras), Made(_maa), Made(_foreignNras), Made(_foreignMaa), Made(_azure)];
        foreach (IDisposable made in amds.Concat(others.OfType<IDisposable>()))
        {
            made.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private SimulatedAmd Amd(SimulatedPieceSpec piece) =>
        piece.ForeignAmd ? _foreignAmd.Value
        : _amd.Value.TryGetValue(piece.Product, out SimulatedAmd? amd) ? amd
        : throw new InvalidDataException($"no simulated AMD of {piece.Product}; there are {string.Join(", ", Products)}");

    private static T? Made<T>(Lazy<T> value)
        where T : class => value.IsValueCreated ? value.Value : null;

    private ReadOnlyMemory<byte>? Quote(SimulatedPieceSpec piece) => piece.WithoutCollateral ? null : SimulatedNode.Collateral(Trusted, piece.Node, piece.Sgx.Pck);

    private static ReadOnlyMemory<byte> Snp(SimulatedPieceSpec piece, SimulatedAmd amd) =>
        piece.WithoutCollateral ? default(ReadOnlyMemory<byte>) : amd.CollateralBytes(piece.SnpCollateral);

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private TrustAnchors Load(Dictionary<SnpProduct, SimulatedAmd>? amd)
    {
        using X509Certificate2 intel = X509Certificate2.CreateFromPem(Trusted.Roots.IntelRootPem);
        using X509Certificate2 device = X509Certificate2.CreateFromPem(Trusted.Roots.NvidiaDeviceRootPem);
        using X509Certificate2 rim = X509Certificate2.CreateFromPem(Trusted.Roots.NvidiaRimRootPem);
        return TrustAnchors.FromSimulated(intel, device, rim, amd?.ToDictionary(item => item.Key, item => item.Value.Root));
    }
}
