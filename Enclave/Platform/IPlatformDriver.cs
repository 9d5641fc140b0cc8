using Verathos.Attestation;

namespace Verathos.Enclave.Platform;

/// <summary>
/// A TEE as the enclave sees it: quotes over 64 bytes of report data, its GPUs, and the endorsements that it has at hand.
/// Drivers never decide whether evidence is good; that is the verifier's.
/// </summary>
/// <remarks>Every member throws <see cref="PlatformException"/> for what the platform refuses.</remarks>
public interface IPlatformDriver
{
    /// <summary>The short name, such as <c>simulated</c> or <c>tdx</c>.</summary>
    string Name { get; }

    /// <summary>Whether the evidence is simulated; it then stands in every receipt.</summary>
    bool IsSimulated { get; }

    /// <summary>The format of the CPU evidence, such as <c>tdx-quote</c>.</summary>
    string CpuFormat { get; }

    /// <summary>How many GPUs the enclave must find.</summary>
    int ExpectedGpus { get; }

    /// <summary>The roots that evidence of this platform leads to.</summary>
    TrustAnchors Anchors { get; }

    /// <summary>Refuses a topology in which the quote would not measure the code that holds the keys.</summary>
    void RequireTopology(EnclaveTopology topology);

    /// <summary>Asks for a quote. Calls are serialised by the caller.</summary>
    /// <param name="reportData">64 bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<byte[]> GetCpuEvidenceAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken);

    /// <summary>The state of every GPU, with a report over a nonce.</summary>
    /// <param name="nonce">32 bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<GpuState>> GetGpusAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken);

    /// <summary>The collateral and reference measurements that the node can pass on, or empty ones.</summary>
    ValueTask<PlatformEndorsements> GetEndorsementsAsync(CancellationToken cancellationToken);
}
