using System.Security.Cryptography;

namespace Verathos.Attestation.Policies;

/// <summary>
/// An appraisal policy, schema version 1: one JSON object with <c>version</c>, <c>name</c>, <c>trustAnchors</c>, the section
/// <c>node</c> and one section for each evidence format that it admits. Every field of a section is there, as a requirement or
/// as <c>{"waived": "reason"}</c>; unknown and duplicate members are refused.
/// </summary>
public sealed class Policy
{
    internal Policy(string name, IReadOnlyList<string> trustAnchors, NodePolicy node, PolicySections sections, byte[] raw)
    {
        Name = name;
        TrustAnchorNames = trustAnchors;
        Node = node;
        Tdx = sections.Tdx;
        Sgx = sections.Sgx;
        Snp = sections.Snp;
        Gpu = sections.Gpu;
        AzureHcl = sections.AzureHcl;
        NvidiaEat = sections.NvidiaEat;
        AzureMaa = sections.AzureMaa;
        Raw = raw;
        Digest = SHA256.HashData(raw);
    }

    /// <summary>The policy's own name.</summary>
    public string Name { get; }

    /// <summary>The names of the trust anchors that the policy admits: <c>simulated</c> alone, or some of <c>intel</c>, <c>nvidia</c>, <c>amd</c> and <c>azure</c>.</summary>
    public IReadOnlyList<string> TrustAnchorNames { get; }

    /// <summary>True where the policy admits a simulated installation and nothing else.</summary>
    public bool Simulated => TrustAnchorNames.Contains(TrustAnchors.SimulatedName);

    /// <summary>What holds for every node.</summary>
    public NodePolicy Node { get; }

    /// <summary>TDX quotes; null refuses them.</summary>
    public TdxPolicy? Tdx { get; }

    /// <summary>SGX quotes; null refuses them.</summary>
    public SgxPolicy? Sgx { get; }

    /// <summary>NVIDIA GPU reports; null refuses them.</summary>
    public GpuPolicy? Gpu { get; }

    /// <summary>SEV-SNP reports; null refuses them.</summary>
    public SnpPolicy? Snp { get; }

    /// <summary>What Azure's layer below a guest reports; null refuses it.</summary>
    public AzureHclPolicy? AzureHcl { get; }

    /// <summary>Tokens of NVIDIA's attestation service; null refuses them.</summary>
    public NvidiaEatPolicy? NvidiaEat { get; }

    /// <summary>Tokens of Microsoft Azure Attestation; null refuses them.</summary>
    public AzureMaaPolicy? AzureMaa { get; }

    /// <summary>The policy's bytes as read.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>SHA-256 of <see cref="Raw"/>.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    /// <summary>Reads a policy. On failure every error found is reported, each naming its field.</summary>
    /// <param name="json">UTF-8 JSON, at most 1 MiB.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="errors">What is wrong; empty on success.</param>
    public static bool TryParse(ReadOnlyMemory<byte> json, out Policy? policy, out IReadOnlyList<string> errors)
    {
        policy = PolicyReader.Read(json.ToArray(), out errors);
        return policy is not null;
    }

    /// <summary>
    /// Whether the policy admits these anchors. A host that holds a policy and anchors which do not belong together must
    /// refuse to start; an appraisal with them fails <c>policy.trust-anchor</c>. Roots that a caller gave as certificates stand in
    /// for whatever the policy names.
    /// </summary>
    public bool Admits(TrustAnchors anchors, out string? error)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        error = Simulated == anchors.Simulated || anchors.Given
            ? null
            : Simulated
                ? $"policy {Name} admits simulated evidence only, and the trust anchors are the vendors' own"
                : $"policy {Name} is a production policy, and the trust anchors are those of a simulated installation";
        return error is null;
    }

    /// <summary>The policies that ship with the program, by file name without extension.</summary>
    public static IReadOnlyList<string> BuiltInNames { get; } = ["azure", "sgx", "simulated", "snp-h100", "tdx-h100", "tokens"];

    /// <summary>A policy that ships with the program.</summary>
    /// <exception cref="ArgumentException">No policy has that name.</exception>
    public static Policy BuiltIn(string name) => TryParse(BuiltInSource(name), out Policy? policy, out IReadOnlyList<string> errors)
        ? policy!
        : throw new InvalidOperationException($"policy {name}: {string.Join("; ", errors)}");

    /// <summary>The bytes of a policy that ships with the program, to begin one's own with.</summary>
    /// <exception cref="ArgumentException">No policy has that name.</exception>
    public static byte[] BuiltInSource(string name)
    {
        using Stream stream = typeof(Policy).Assembly.GetManifestResourceStream($"policies/{name}.json")
            ?? throw new ArgumentException($"no policy named {name} ships with the program; there are {string.Join(", ", BuiltInNames)}");
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
