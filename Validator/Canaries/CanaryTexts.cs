using System.Collections.Concurrent;
using Verathos.Client.Requests;
using Verathos.Validator.Epochs;
using Verathos.Validator.State;

namespace Verathos.Validator.Canaries;

/// <summary>The requests of planned canaries, drawn again from their numbers, and the answers that later turns follow. Texts are kept in memory only.</summary>
/// <param name="state">The state.</param>
/// <param name="source">Draws canaries.</param>
public sealed class CanaryTexts(ValidatorState state, CanarySource source)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, IReadOnlyDictionary<(string Node, int Ordinal), Canary>> _plans = [];
    private readonly ConcurrentDictionary<(long Epoch, long Node, long Number), List<string>> _answers = new();

    /// <summary>The request of a canary; null where the answers before it are not there.</summary>
    /// <param name="canary">The canary.</param>
    /// <param name="node">Its node.</param>
    /// <param name="model">The name of the model that is asked.</param>
    public InferenceRequest? Request(CanaryRow canary, NodeRow node, string model)
    {
        ArgumentNullException.ThrowIfNull(canary);
        ArgumentNullException.ThrowIfNull(node);
        Canary drawn = Plan(canary.Epoch)[(node.Name, canary.Ordinal)];
        List<string> earlier = _answers.GetValueOrDefault((canary.Epoch, canary.Node, canary.Number)) ?? [];
        return earlier.Count == canary.Turn ? drawn.ToRequest(model, earlier) : null;
    }

    /// <summary>Keeps an answer for the turn after it.</summary>
    public void Answered(CanaryRow canary, string text)
    {
        ArgumentNullException.ThrowIfNull(canary);
        _answers.GetOrAdd((canary.Epoch, canary.Node, canary.Number), static _ => []).Add(text);
    }

    /// <summary>Forgets an epoch.</summary>
    public void Forget(long epoch)
    {
        lock (_lock)
        {
            _plans.Remove(epoch);
        }

        foreach ((long Epoch, long Node, long Number) key in _answers.Keys.Where(key => key.Epoch == epoch))
        {
            _answers.TryRemove(key, out _);
        }
    }

    private IReadOnlyDictionary<(string Node, int Ordinal), Canary> Plan(long epoch)
    {
        lock (_lock)
        {
            if (!_plans.TryGetValue(epoch, out IReadOnlyDictionary<(string Node, int Ordinal), Canary>? plan))
            {
                EpochRow row = state.Epoch(epoch)!;
                EpochPlan planned = EpochPlan.Parse(row.Plan);
                CanaryPlan drawn = EpochStart.Draw(source, epoch, planned, row.FirstNumber, row.StartedAt);
                _plans[epoch] = plan = planned.Nodes.SelectMany((node, i) => drawn.Nodes[i].Select(canary => ((node.Name, canary.Ordinal), canary))).ToDictionary();
            }

            return plan;
        }
    }
}
