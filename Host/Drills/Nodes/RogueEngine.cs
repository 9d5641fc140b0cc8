using System.Security.Cryptography;
using Verathos.Bench.Detection;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Host.Drills.Nodes;

/// <summary>What an attacker's node computes with: an engine over whatever weights, which commits to what it computed and can open that.</summary>
internal sealed class RogueEngine : IAsyncDisposable
{
    private readonly LoadedModel _model;
    private readonly InferenceEngine _engine;

    private RogueEngine(LoadedModel model) => (_model, _engine) = (model, new InferenceEngine(model, new EngineOptions()));

    /// <summary>Loads weights.</summary>
    /// <param name="path">The model that is named.</param>
    /// <param name="cheat">What is done to its weights, one of <see cref="CheatModels"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static RogueEngine Load(string path, string cheat, CancellationToken cancellationToken) => new(CheatModels.Load(path, cheat, cancellationToken));

    /// <summary>Answers, committed under a receipt's secret.</summary>
    /// <param name="prompt">The ids that it goes on from.</param>
    /// <param name="sampling">How tokens are drawn.</param>
    /// <param name="clientSeed">The client's seed.</param>
    /// <param name="clientNonce">The client's nonce, 32 bytes.</param>
    /// <param name="tokens">The most tokens.</param>
    /// <param name="receiptSecret">32 bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Computation> ComputeAsync(
        int[] prompt, SamplingParameters sampling, ulong clientSeed, byte[] clientNonce, int tokens, byte[] receiptSecret, CancellationToken cancellationToken)
    {
        byte[] secret = TraceSecret.Derive(receiptSecret);
        GenerationRequest request = new()
        {
            PromptIds = prompt,
            Sampling = sampling,
            Seed = SamplingSeed.Derive(clientSeed, clientNonce),
            MaxTokens = tokens,
            TraceSecret = secret,
            SketchSeed = SketchPlan.DeriveSeed(clientNonce),
        };
        List<int> output = [];
        TokenCommitment? last = null;
        await foreach (GeneratedToken token in _engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            output.Add(token.Id);
            last = token.Commitment;
        }

        AnswerRecord record = last!.Record!;
        CommittedAnswer committed = new([.. prompt, .. output], prompt.Length, secret, record.StepHashes);
        return new Computation(committed, [.. output], last.TraceRoot, last.ToplocRoot!, last.SketchRoot!, record);
    }

    /// <summary>Opens what it can of what is asked for: another step where there is none.</summary>
    public Task<IReadOnlyList<byte[]>> OpenAsync(Computation computation, OpeningPlan plan, CancellationToken cancellationToken)
    {
        CommittedAnswer answer = computation.Committed;
        long steps = answer.StepHashes.Count;
        long step = Math.Min(plan.Step, steps - 1);
        OpeningPlan possible = new(step, plan.Layer, plan.Head, Math.Min(plan.LinkStep, step), Math.Clamp(plan.LogitsStep, answer.PromptTokens - 1, steps - 1));
        return _engine.OpenAsync(answer, possible, cancellationToken);
    }

    /// <summary>Texts of ids that follow a prompt.</summary>
    public IReadOnlyList<(int Id, string Text)> Texts(IEnumerable<int> ids)
    {
        TokenDecoder decoder = _model.Tokenizer.CreateContinuationDecoder();
        return [.. ids.Select(id => (id, decoder.Append(id)))];
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync().ConfigureAwait(false);
        _model.Dispose();
    }
}
