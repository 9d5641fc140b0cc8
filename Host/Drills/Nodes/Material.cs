using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Host.Drills.Nodes;

/// <summary>One honest answer of the running node, which an attacker passes on as its own.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Answer">The verified answer.</param>
/// <param name="Steps">The answer's tokens with the text that came with each.</param>
internal sealed record Material(InferenceRequest Request, Answer Answer, IReadOnlyList<(int Id, string Text)> Steps)
{
    /// <summary>Asks the node once, by a client that relies on nothing but what it verified.</summary>
    public static async Task<Material> TakeAsync(Client.VerathosClient client, InferenceRequest request, CancellationToken cancellationToken)
    {
        List<(int, string)> steps = [];
        Answer? answer = null;
        await foreach (AnswerUpdate update in client.StreamAsync(request, cancellationToken).ConfigureAwait(false))
        {
            answer = update.Completed ?? answer;
            if (update.Ids.Count == 1)
            {
                steps.Add((update.Ids[0], update.Text));
            }
        }

        return new Material(request, answer!, steps);
    }
}
