using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace Verathos.Attestation.Verdicts;

/// <summary>
/// The result of verifying and appraising evidence: a value, never an exception. <c>default(Verdict)</c> is a rejection.
/// </summary>
public readonly record struct Verdict
{
    private static readonly ReadOnlyDictionary<string, string> NoClaims = ReadOnlyDictionary<string, string>.Empty;

    private readonly IReadOnlyList<Check>? _checks;
    private readonly IReadOnlyList<string>? _advisories;
    private readonly IReadOnlyDictionary<string, string>? _claims;
    private readonly IReadOnlyList<string>? _unevaluated;
    private readonly string? _reason;

    /// <summary>What became of the evidence.</summary>
    public VerdictKind Kind { get; init; }

    /// <summary>True where every check passed or was waived.</summary>
    public bool IsAccepted => Kind == VerdictKind.Accepted;

    /// <summary>
    /// True where every line of the policy that the evidence's format and the section <c>node</c> have was ruled on or is waived; false
    /// without a policy, and where <see cref="UnevaluatedLines"/> names a line that this evidence could not answer.
    /// </summary>
    public bool Appraised { get; init; }

    /// <summary>
    /// The lines that the policy requires and this evidence cannot answer, such as <c>node.kems</c> for a quote by itself. They
    /// neither passed nor failed.
    /// </summary>
    public IReadOnlyList<string> UnevaluatedLines
    {
        get => _unevaluated ?? [];
        init => _unevaluated = value;
    }

    /// <summary>True where the trust anchors belong to a simulated installation.</summary>
    public bool Simulated { get; init; }

    /// <summary>The name of the first check that failed, in the order of the specification; empty where the evidence was accepted.</summary>
    public string Reason
    {
        get => _reason ?? (IsAccepted ? "" : CheckNames.NothingChecked);
        init => _reason = value;
    }

    /// <summary>Every check, in the order of the specification.</summary>
    public IReadOnlyList<Check> Checks
    {
        get => _checks ?? [];
        init => _checks = value;
    }

    /// <summary>The merged TCB status by Intel's name; null where it could not be computed.</summary>
    public TcbStatus? TcbStatus { get; init; }

    /// <summary>Advisory identifiers of the matched levels, sorted, each once.</summary>
    public IReadOnlyList<string> Advisories
    {
        get => _advisories ?? [];
        init => _advisories = value;
    }

    /// <summary>SHA-256 of the policy's raw bytes; empty without a policy.</summary>
    public ReadOnlyMemory<byte> PolicyDigest { get; init; }

    /// <summary>The time at which the evidence was judged.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Where <see cref="At"/> came from.</summary>
    public TimeSource TimeSource { get; init; }

    /// <summary>
    /// When trust ends: the earliest of the keyset's end, the policy's maximum ages of evidence and of collateral, the
    /// collateral's next update and the end of every certificate that was relied on; null where the evidence was not accepted
    /// or nothing bounds it.
    /// </summary>
    public DateTimeOffset? TrustedUntil { get; init; }

    /// <summary>How long the verification took.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What the evidence says, as text, in a stable order. Claims of a rejected verdict are not to be relied on.</summary>
    public IReadOnlyDictionary<string, string> Claims
    {
        get => _claims ?? NoClaims;
        init => _claims = value;
    }

    /// <summary>The check of that name, or null where the verdict does not hold it.</summary>
    public Check? Find(string name)
    {
        foreach (Check check in Checks)
        {
            if (check.Name == name)
            {
                return check;
            }
        }

        return null;
    }

    /// <summary>Writes the verdict as one JSON object, with the member names of the command line's <c>--json</c>.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        WriteMembers(writer);
        writer.WriteEndObject();
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteString("verdict", Kind switch
        {
            VerdictKind.Accepted => "accepted",
            VerdictKind.Malformed => "malformed",
            VerdictKind.Unsupported => "unsupported",
            _ => "rejected",
        });
        writer.WriteBoolean("appraised", Appraised);
        writer.WriteBoolean("simulated", Simulated);
        writer.WriteString("reason", Reason);
        if (TcbStatus is { } status)
        {
            writer.WriteString("tcb_status", status.ToString());
        }
        else
        {
            writer.WriteNull("tcb_status");
        }

        writer.WriteStartArray("advisories");
        foreach (string advisory in Advisories)
        {
            writer.WriteStringValue(advisory);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("checks");
        foreach (Check check in Checks)
        {
            writer.WriteStartObject();
            writer.WriteString("name", check.Name);
            writer.WriteString("result", check.Result switch
            {
                CheckResult.Passed => "passed",
                CheckResult.Waived => "waived",
                _ => "failed",
            });
            writer.WriteString("detail", check.Detail);
            if (check.PolicyLine is not null)
            {
                writer.WriteString("policy_line", check.PolicyLine);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("unevaluated");
        foreach (string line in UnevaluatedLines)
        {
            writer.WriteStringValue(line);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("claims");
        foreach ((string name, string value) in Claims)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        if (PolicyDigest.IsEmpty)
        {
            writer.WriteNull("policy_digest");
        }
        else
        {
            writer.WriteString("policy_digest", Convert.ToHexStringLower(PolicyDigest.Span));
        }

        writer.WriteString("at", At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("time_source", TimeSource switch
        {
            Verdicts.TimeSource.Verifier => "verifier",
            Verdicts.TimeSource.Anchored => "anchored",
            _ => "asserted",
        });
        if (TrustedUntil is { } until)
        {
            writer.WriteString("trusted_until", until.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        }

        writer.WriteNumber("elapsed_us", (long)Elapsed.TotalMicroseconds);
    }
}
