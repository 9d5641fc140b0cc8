using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Openings;

namespace Verathos.Enclave.Openings;

/// <summary>Whether an answer has what is asked for.</summary>
internal static class AskedRange
{
    /// <summary>The error where it has not, or null.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="ask">What is asked for.</param>
    public static ApiError? FindProblem(KeptAnswer answer, OpeningAsk ask)
    {
        int steps = answer.Committed.StepHashes.Count;
        GpuRuntime.Models.ModelConfig config = answer.Model.Loaded.Config;
        bool exists = ask.Kind switch
        {
            OpeningKind.Step => ask.StepNumber < steps,
            OpeningKind.Chosen => ask.StepNumber < steps && ask.Layer < config.Layers && ask.Head < config.Heads
                && ask.LinkStep <= ask.StepNumber && ask.LogitsStep < steps && ask.LogitsStep >= answer.Committed.PromptTokens - 1,
            _ => true,
        };
        return exists ? null : ApiError.OpeningOutOfRange();
    }
}
