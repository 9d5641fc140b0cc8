using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Serving;

/// <summary>What is committed of one request's computation. Belongs to the engine's thread.</summary>
internal sealed class RequestTrace : IDisposable
{
    private readonly TraceCommitment _commitment;
    private readonly TraceSalts _salts;
    private readonly AnswerProofs? _proofs;

    /// <summary>Begins a request that <see cref="FindProblem"/> finds nothing wrong with and that has a secret.</summary>
    public RequestTrace(GenerationRequest request, ModelConfig config)
    {
        _commitment = new TraceCommitment(new TraceShape(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize), request.TraceSecret);
        _salts = new TraceSalts(request.TraceSecret);
        _proofs = request.SketchSeed is { } seed ? new AnswerProofs(config.Layers, request.PromptIds.Length, seed) : null;
        Sequence = new SequenceTrace(_commitment, request.PromptIds.Length) { Proofs = _proofs };
    }

    /// <summary>Where the sequence is committed.</summary>
    public SequenceTrace Sequence { get; }

    /// <summary>Why a request cannot be traced as it asks, or null.</summary>
    public static string? FindProblem(GenerationRequest request, NumericProfile profile) => request switch
    {
        { TraceSecret: null, SketchSeed: null } => null,
        { TraceSecret: not { Length: TraceSalts.SecretSize } } => $"a trace needs a secret of {TraceSalts.SecretSize} bytes",
        { SketchSeed: not (null or { Length: SketchPlan.SeedSize }) } => $"sketches need a seed of {SketchPlan.SeedSize} bytes",
        _ => profile == NumericProfile.Bf16Lane16 ? null : $"only {NumericProfile.Bf16Lane16} commits what it computes",
    };

    /// <summary>What is committed to with a token that was drawn.</summary>
    /// <param name="isLast">Whether nothing is computed after it.</param>
    public TokenCommitment Commit(bool isLast)
    {
        byte[] root = new byte[TraceHash.Size];
        _commitment.WriteRoot(root);
        if (!isLast || _proofs is null)
        {
            return new TokenCommitment(root, null, null);
        }

        _proofs.Finish();
        (byte[] toploc, byte[] sketches) = _proofs.Roots(_salts);
        return new TokenCommitment(root, toploc, sketches)
        {
            Record = new AnswerRecord([.. _commitment.StepHashes], [.. _proofs.Toploc.Select(static proof => (byte[])[.. proof])], _proofs.Sketches),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _commitment.Dispose();
        _salts.Dispose();
        _proofs?.Wipe();
        _proofs?.Dispose();
    }
}
