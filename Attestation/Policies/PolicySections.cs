namespace Verathos.Attestation.Policies;

/// <summary>The sections for evidence formats, one each; null refuses that format.</summary>
internal sealed record PolicySections
{
    public TdxPolicy? Tdx { get; init; }

    public SgxPolicy? Sgx { get; init; }

    public SnpPolicy? Snp { get; init; }

    public GpuPolicy? Gpu { get; init; }

    public AzureHclPolicy? AzureHcl { get; init; }

    public NvidiaEatPolicy? NvidiaEat { get; init; }

    public AzureMaaPolicy? AzureMaa { get; init; }

    public bool IsEmpty => Tdx is null && Sgx is null && Snp is null && Gpu is null && AzureHcl is null && NvidiaEat is null && AzureMaa is null;
}
