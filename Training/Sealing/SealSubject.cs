using Verathos.Protocol.Cbor;

namespace Verathos.Training.Sealing;

/// <summary>What is sealed, and whose: authenticated with it, so that it cannot be shown as another's, or another round's.</summary>
/// <param name="Purpose">What it is: <see cref="Gradient"/> or <see cref="Step"/>.</param>
/// <param name="Run">The training run, 32 bytes.</param>
/// <param name="Worker">Whose.</param>
/// <param name="Round">Of which round.</param>
/// <param name="Digest">What else fixes it, 32 bytes: SHA-256 of the signed record that goes with it.</param>
public sealed record SealSubject(string Purpose, ReadOnlyMemory<byte> Run, WorkerKey Worker, ulong Round, ReadOnlyMemory<byte> Digest)
{
    /// <summary>A compressed gradient.</summary>
    public const string Gradient = "gradient";

    /// <summary>An opened inner step.</summary>
    public const string Step = "step";

    /// <summary>The deterministic CBOR array ["verathos.seal.v1", purpose, run, worker, round, digest].</summary>
    public byte[] Encode() => Run.Length == 32 && Digest.Length == 32
        ? new DeterministicCborWriter().Array(6).Text("verathos.seal.v1").Text(Purpose).Bytes(Run.Span).Bytes(Worker.Bytes).UInt64(Round).Bytes(Digest.Span).ToArray()
        : throw new InvalidOperationException("a run and a digest have 32 bytes");
}
