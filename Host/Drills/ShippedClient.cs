using System.Text;
using System.Text.Json;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Streams;

namespace Verathos.Host.Drills;

/// <summary>The client as it is shipped.</summary>
internal sealed class ShippedClient : IDrillClient
{
    public async Task<DrillOutcome> AskAsync(DrillCall call, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        try
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(call.Node, Options(call), cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < call.Exchanges; i++)
            {
                text.Clear();
                await foreach (AnswerUpdate update in client.StreamAsync(call.Request, cancellationToken).ConfigureAwait(false))
                {
                    text.Append(update.Text);
                }
            }

            return DrillOutcome.Through("the client took the answer as verified") with { Text = text.ToString() };
        }
        catch (VerathosException refusal)
        {
            return Of(refusal) with { Text = text.ToString() };
        }
    }

    /// <summary>A call's options.</summary>
    public static ClientOptions Options(DrillCall call) => new()
    {
        Policy = call.Policy,
        TrustAnchors = call.Anchors,
        AllowSimulated = call.AllowSimulated,
        HttpMessageHandler = call.Wire,
        Ledger = call.Ledger,
        Trace = call.Trace,
    };

    /// <summary>The name of a refusal: the check's, or the enclave's code, or the kind of failure.</summary>
    public static DrillOutcome Of(VerathosException refusal)
    {
        IReadOnlyList<Check> checks = refusal.Receipt?.Checks ?? refusal.Verdict?.Checks ?? [];
        string? code = refusal.ErrorBody is { } body ? CodeOf(body) : null;
        return new DrillOutcome(
            refusal.Check ?? (code is null ? "client." + Kebab(refusal.Failure.ToString()) : "enclave." + code),
            code is null ? "client" : "enclave",
            refusal.Message)
        {
            Failed = [.. checks.Where(check => check.Result is CheckResult.Failed)],
        };
    }

    /// <summary>The stable code of an error in OpenAI's shape; null where there is none.</summary>
    public static string? CodeOf(string body)
    {
        try
        {
            return JsonElement.Parse(body).GetProperty("error").GetProperty("code").GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static string Kebab(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
