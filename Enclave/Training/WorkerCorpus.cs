using Verathos.GpuRuntime.Training;

namespace Verathos.Enclave.Training;

/// <summary>The documents of a run, the same for every worker.</summary>
/// <param name="Documents">Their tokens.</param>
/// <param name="Digests">SHA-256 of each document's bytes, in the same order.</param>
public sealed record WorkerCorpus(IReadOnlyList<EncodedDocument> Documents, IReadOnlyList<byte[]> Digests);
