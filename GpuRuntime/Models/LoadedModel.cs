using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>A model that is ready to run: its weights are private copies, and its manifest was computed over those copies.</summary>
public sealed class LoadedModel : IDisposable
{
    internal LoadedModel(ModelConfig config, Tokenizer tokenizer, ModelManifest manifest, IComputeBackend backend, int maxContext, IReadOnlySet<int> stopIds, string? chatTemplate, int threads = 1)
    {
        (Config, Tokenizer, Manifest, Backend, MaxContext, StopIds, Threads) = (config, tokenizer, manifest, backend, maxContext, stopIds, threads);
        if (chatTemplate is null)
        {
            ChatProblem = "the model has no chat template: use completions";
        }
        else if (ChatTemplate.TryCompile(chatTemplate, tokenizer.BosName, tokenizer.EosName, out ChatTemplate? template, out string? problem))
        {
            Chat = template;
        }
        else
        {
            ChatProblem = $"the model's chat template cannot be used: {problem}; use completions";
        }
    }

    /// <summary>The architecture's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>The vocabulary.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What was loaded.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The model's chat template, or null with <see cref="ChatProblem"/>.</summary>
    public ChatTemplate? Chat { get; }

    /// <summary>Why there is no chat template.</summary>
    public string? ChatProblem { get; }

    /// <summary>What fixes the bits of the results.</summary>
    public NumericProfile Profile => Backend.Profile;

    /// <summary>The most positions of a sequence, prompt and answer together.</summary>
    public int MaxContext { get; }

    /// <summary>Ids that end an answer.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>Threads that one forward pass uses.</summary>
    public int Threads { get; }

    /// <summary>Bytes of the weights as they are used.</summary>
    public long WeightBytes => Backend.WeightBytes;

    /// <summary>The forward pass; for one user at a time.</summary>
    public IComputeBackend Backend { get; }

    /// <inheritdoc/>
    public void Dispose() => Backend.Dispose();
}
