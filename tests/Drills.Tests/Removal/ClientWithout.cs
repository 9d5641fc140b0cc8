using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Host.Drills;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// The client with some checks taken away: a line of a policy is waived, a check of a verdict or of a receipt that all ran does not count.
/// It does otherwise what the client's session does, by the same parts. A check that was not evaluated because of one that was taken away
/// does not count either.
/// </summary>
internal sealed class ClientWithout(Func<string, bool> removed) : IDrillClient
{
    private const string NotEvaluated = "not evaluated";

    public async Task<DrillOutcome> AskAsync(DrillCall call, CancellationToken cancellationToken)
    {
        ClientOptions options = ShippedClient.Options(call);
        using HttpMessageInvoker invoker = NodeHttp.CreateInvoker(options);
        NodeHttp http = new(call.Node, options, invoker);
        try
        {
            (AttestedNode? node, DrillOutcome? refusal) = await AttestAsync(call, options, http, cancellationToken);
            return node is null ? refusal! : await ExchangeAsync(call, options, http, node, cancellationToken);
        }
        catch (VerathosException failure)
        {
            return ShippedClient.Of(failure);
        }
    }

    private async Task<(AttestedNode? Node, DrillOutcome? Refusal)> AttestAsync(DrillCall call, ClientOptions options, NodeHttp http, CancellationToken cancellationToken)
    {
        Policy policy = call.Policy;
        while (true)
        {
            if (!policy.Admits(call.Anchors, out string? misfit))
            {
                if (!removed(CheckNames.PolicyTrustAnchor))
                    return (null, new DrillOutcome(CheckNames.PolicyTrustAnchor, "client", misfit!));

                policy = DrillPolicies.WithAnchors(policy, [.. call.Anchors.Names]);
            }

            byte[] nonce = RandomNumberGenerator.GetBytes(32);
            DateTimeOffset asked = TimeProvider.System.GetUtcNow();
            byte[] raw = removed("client.evidence-malformed") ? await FetchUnboundedAsync(call.Node, nonce) : await http.GetEvidenceAsync(nonce, cancellationToken);
            AppraisedEvidence evidence = EvidenceVerifier.Appraise(
                removed(EvidenceVerifier.FormatCheck) ? Lenient(raw) : raw, nonce, asked, policy, call.Anchors, TimeProvider.System.GetUtcNow(), TimeSource.Verifier);
            Check[] failed = [.. evidence.Verdict.Checks.Where(check => check.Result is CheckResult.Failed)];
            string[] lines =
            [
                .. failed.Where(check => removed(check.Name)).Select(check => check.PolicyLine).OfType<string>()
                    .Except(failed.Where(check => !removed(check.Name)).Select(check => check.PolicyLine).OfType<string>()),
            ];
            if (lines.Length > 0)
            {
                policy = lines.Aggregate(policy, DrillPolicies.Waive);
                continue;
            }

            bool consequences = failed.Any(check => removed(check.Name));
            if (failed.FirstOrDefault(check => !removed(check.Name) && !(consequences && check.Detail.StartsWith(NotEvaluated, StringComparison.Ordinal))) is { Name: not null } standing)
                return (null, new DrillOutcome(standing.Name, "client", standing.Detail) { Failed = failed });

            if (!call.AllowSimulated && evidence.Verdict.Simulated && !removed("client.simulated-not-allowed"))
                return (null, new DrillOutcome("client.simulated-not-allowed", "client", "the evidence is simulated"));

            AppraisedEvidence accepted = evidence with { Verdict = evidence.Verdict with { Kind = VerdictKind.Accepted, Reason = "" } };
            OhttpKeyConfig key = KeyChoice.Choose(evidence.Keyset!.KeyConfigs, policy)!;
            return (new AttestedNode(call.Node, accepted, policy, key, asked.AddMinutes(10), options), null);
        }
    }

    private async Task<DrillOutcome> ExchangeAsync(DrillCall call, ClientOptions options, NodeHttp http, AttestedNode node, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        for (int i = 0; i < call.Exchanges; i++)
        {
            text.Clear();
            await using AnswerStream stream = new(http, node, call.Request, options, cancellationToken);
            try
            {
                while (await stream.NextAsync() is { } update)
                    text.Append(update.Text);
            }
            catch (VerathosException failure) when (failure.Receipt is not null)
            {
                DrillOutcome outcome = ShippedClient.Of(failure);
                if (outcome.Failed.FirstOrDefault(check => !removed(check.Name)) is { Name: not null } standing)
                    return outcome with { RefusedBy = standing.Name };
            }
            catch (VerathosException failure)
            {
                return ShippedClient.Of(failure) with { Text = text.ToString() };
            }
        }

        return DrillOutcome.Through("taken as verified") with { Text = text.ToString() };
    }

    private static async Task<byte[]> FetchUnboundedAsync(Uri node, byte[] nonce)
    {
        using HttpClient http = new();
        return await http.GetByteArrayAsync(new Uri(node, $"{VerathosPaths.Evidence}?nonce={Convert.ToHexStringLower(nonce)}"));
    }

    /// <summary>A map as a lenient reader takes it: the last of equal keys counts, and what follows the map does not.</summary>
    private static byte[] Lenient(byte[] raw)
    {
        CborReader reader = new(raw, CborConformanceMode.Lax, allowMultipleRootLevelValues: true);
        Dictionary<string, byte[]> members = [];
        reader.ReadStartMap();
        while (reader.PeekState() != CborReaderState.EndMap)
            members[reader.ReadTextString()] = reader.ReadEncodedValue().ToArray();

        DeterministicCborMap map = new();
        foreach ((string label, byte[] value) in members)
            map.Add(label, writer => _ = writer.Encoded(value));

        return map.Encode();
    }
}
