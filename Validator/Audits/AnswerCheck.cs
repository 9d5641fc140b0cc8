using Verathos.Client.Streams;
using Verathos.Fingerprint.Keys;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>
/// Tier 0: what of every receipt is checked beside what the client checked (form, signature, binding, nonce, parameters, counts, chain,
/// commitments). Equivocation across restarts is the state's to find.
/// </summary>
public static class AnswerCheck
{
    /// <summary>Every token id is one of the model's vocabulary.</summary>
    public const string Ids = "receipt.ids";

    /// <summary>The receipt names trace, sketches and TOPLOC proofs.</summary>
    public const string Roots = "receipt.roots";

    /// <summary>There is a prompt, and an answer of at least one token.</summary>
    public const string Empty = "receipt.empty";

    /// <summary>Judges an answer that the client accepted.</summary>
    /// <param name="canary">The canary.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="model">The constants of the model that the receipt names.</param>
    public static WorkEnd Judge(byte[] canary, Answer answer, ModelConstants model)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(model);
        if (FindProblem([.. answer.PromptIds, .. answer.OutputIds], answer.PromptIds.Count, model.Shape.VocabularySize) is { } problem)
        {
            return AuditVerdict.Caught(problem.Check, problem.Detail, canary);
        }

        return answer.Receipt is { TraceRoot: not null, SketchRoot: not null, ToplocRoot: not null }
            ? new WorkEnd(WorkResult.Passed)
            : AuditVerdict.Caught(Roots, "the receipt does not name trace, sketches and TOPLOC proofs", canary);
    }

    /// <summary>What is wrong with ids that are to be an answer's, or null: what nobody can compute again is the node's fault and not that of who tries.</summary>
    /// <param name="ids">Of prompt and answer.</param>
    /// <param name="promptTokens">How many are the prompt's.</param>
    /// <param name="vocabulary">The model's number of ids.</param>
    internal static (string Check, string Detail)? FindProblem(ReadOnlySpan<int> ids, int promptTokens, int vocabulary)
    {
        if (promptTokens < 1 || promptTokens >= ids.Length)
        {
            return (Empty, "the receipt counts no prompt or no answer");
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)vocabulary)
            {
                return (Ids, "a token id is not of the model's vocabulary");
            }
        }

        return null;
    }
}
