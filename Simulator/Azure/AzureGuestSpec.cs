using System.Text.Json.Nodes;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Azure;

/// <summary>What an Azure guest shows: the HCL report, the hardware's evidence and the quote of the virtual TPM.</summary>
public sealed record AzureGuestSpec
{
    /// <summary>The TPM quote's qualifying data, at most 64 bytes.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>The SEV-SNP report; its report data is filled in.</summary>
    public SnpReportSpec Snp { get; init; } = new() { Version = 3 };

    /// <summary>The TDX quote of a guest over TDX; its report data is filled in.</summary>
    public TdxQuoteSpec Tdx { get; init; } = new() { ReportData = new byte[64] };

    /// <summary>The hardware's report data, 64 bytes; SHA-256 of the runtime data and zeros where null.</summary>
    public byte[]? ReportData { get; init; }

    /// <summary>Signature at the beginning of the HCL report.</summary>
    public string Magic { get; init; } = "HCLA";

    /// <summary>Version in the header of the runtime data.</summary>
    public uint Version { get; init; } = 1;

    /// <summary>Report type in that header: 2 SEV-SNP, 4 TDX; the hardware's where null.</summary>
    public uint? ReportType { get; init; }

    /// <summary>Hash type in that header; 1 is SHA-256.</summary>
    public uint HashType { get; init; } = 1;

    /// <summary>Length of the runtime data as the header says it; the true number where null.</summary>
    public uint? DeclaredLength { get; init; }

    /// <summary>Bytes after the runtime data.</summary>
    public byte[] Tail { get; init; } = new byte[16];

    /// <summary>Rewrites the runtime data before it is hashed: keys, <c>vm-configuration</c>, <c>user-data</c>.</summary>
    public Action<JsonObject>? EditRuntimeData { get; init; }

    /// <summary>The SHA-256 bank's registers from 0 on, 32 bytes each; the reference's where empty.</summary>
    public IReadOnlyList<byte[]> Registers { get; init; } = [];

    /// <summary>Which registers the quote covers.</summary>
    public IReadOnlyList<int> Selection { get; init; } = [.. Enumerable.Range(0, 24)];

    /// <summary>Whether there is a TPM quote.</summary>
    public bool WithTpmQuote { get; init; } = true;

    /// <summary>Rewrites TPMS_ATTEST before it is signed.</summary>
    public Action<byte[]>? EditTpmQuote { get; init; }

    /// <summary>What is wrong with the attestation key's signature over the TPM quote.</summary>
    public SignatureFault TpmSignature { get; init; }
}
