using Verathos.Client.Trust;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>Challenges nodes' evidence with fresh nonces, as any client does before it seals anything.</summary>
/// <param name="configuration">The settings.</param>
/// <param name="state">The state.</param>
/// <param name="clients">The clients.</param>
/// <param name="clock">The clock.</param>
public sealed class Challenger(ValidatorConfiguration configuration, ValidatorState state, NodeClients clients, TimeProvider clock)
{
    /// <summary>Makes one challenge and writes down its verdict.</summary>
    /// <param name="challenge">Planned and due.</param>
    /// <param name="cancellationToken">Stops; the challenge is made anew when the validator starts again.</param>
    public async Task ChallengeAsync(ChallengeRow challenge, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        if (!state.BeginChallenge(challenge.Id, clock.GetUtcNow()))
        {
            return;
        }

        NodeRow node = state.Node(challenge.Node);
        AttestedNode? attested = null;
        WorkEnd end;
        try
        {
            attested = await clients.Of(node).Session.AttestAsync(cancellationToken).ConfigureAwait(false);
            end = EvidenceCheck.Judge(node, attested);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            end = NodeFault.Of(e, null, static _ => null);
        }

        state.EndChallenge(
            challenge, clock.GetUtcNow(), end, attested is null ? null : EvidenceCheck.Facts(attested), attested?.Evidence.Raw.Length ?? 0, attested?.Evidence.Simulated ?? false,
            configuration.FreshEpochs);
    }
}
