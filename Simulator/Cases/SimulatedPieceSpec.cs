using Verathos.Attestation.Snp;
using Verathos.Simulator.Azure;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tokens;

namespace Verathos.Simulator.Cases;

/// <summary>
/// Evidence by itself, of any format: what a batch's line carries. Defaults describe evidence that the shipped policies accept.
/// </summary>
public sealed record SimulatedPieceSpec
{
    /// <summary>What it is: <c>sgx</c>, <c>snp</c>, <c>gpu</c>, <c>azure-snp</c>, <c>azure-tdx</c>, <c>nvidia-eat</c> or <c>azure-maa</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Time, collateral and revocation of quotes, the TDX guest under an Azure guest, and GPUs.</summary>
    public required SimulatedNodeSpec Node { get; init; }

    /// <summary>The nonce that the evidence answers, 32 bytes.</summary>
    public byte[] Nonce { get; init; } = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];

    /// <summary>The nonce that the verifier expects, where it is another one.</summary>
    public byte[]? ExpectedNonce { get; init; }

    /// <summary>The verifier expects no nonce.</summary>
    public bool WithoutNonce { get; init; }

    /// <summary>An SGX quote.</summary>
    public SgxQuoteSpec Sgx { get; init; } = new();

    /// <summary>The product line of the SEV-SNP processor.</summary>
    public SnpProduct Product { get; init; } = SnpProduct.Milan;

    /// <summary>An SEV-SNP report, by itself or under an Azure guest.</summary>
    public SnpReportSpec Snp { get; init; } = new();

    /// <summary>What goes with it.</summary>
    public SnpCollateralSpec SnpCollateral { get; init; } = new();

    /// <summary>The report and its certificates come from another installation.</summary>
    public bool ForeignAmd { get; init; }

    /// <summary>An Azure guest; nonce and hardware are filled in.</summary>
    public AzureGuestSpec Azure { get; init; } = new() { Nonce = [] };

    /// <summary>Tokens of NVIDIA's service; the nonce is filled in.</summary>
    public NrasTokenSpec Nras { get; init; } = new() { Nonce = [] };

    /// <summary>A token of Azure's service; the nonce is filled in.</summary>
    public MaaTokenSpec Maa { get; init; } = new();

    /// <summary>The key set that goes with the tokens is another service's.</summary>
    public bool ForeignKeys { get; init; }

    /// <summary>Nothing goes with the evidence.</summary>
    public bool WithoutCollateral { get; init; }

    /// <summary>The reference evidence of a kind.</summary>
    /// <param name="kind">As <see cref="Kind"/>.</param>
    /// <param name="node">The node whose time and hardware count.</param>
    public static SimulatedPieceSpec Reference(string kind, SimulatedNodeSpec node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new SimulatedPieceSpec { Kind = kind, Node = kind == "sgx" ? node with { Collateral = CollateralSpec.Sgx } : node };
    }
}
