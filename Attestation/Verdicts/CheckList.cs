using Verathos.Attestation.Policies;

namespace Verathos.Attestation.Verdicts;

/// <summary>Collects the checks and claims of one appraisal in the order of the specification.</summary>
internal sealed class CheckList
{
    private const string NotEvaluated = "not evaluated: ";

    private readonly List<Check> _checks = [];
    private readonly OrderedDictionary<string, string> _claims = [];
    private readonly List<string> _unevaluated = [];

    public bool Malformed { get; set; }

    public bool Unsupported { get; set; }

    public TcbStatus? TcbStatus { get; set; }

    public IReadOnlyList<string> Advisories { get; set; } = [];

    /// <summary>The earliest end of trust seen so far.</summary>
    public DateTimeOffset? TrustedUntil { get; private set; }

    public void Pass(string name, string detail, string? line = null) => Record(name, CheckResult.Passed, detail, line);

    public void Fail(string name, string detail, string? line = null) => Record(name, CheckResult.Failed, detail, line);

    public void Waive(string name, string reason, string line) => Record(name, CheckResult.Waived, reason, line);

    /// <summary>A check whose input did not hold: it counts as failed.</summary>
    public void Skip(string name, string because, string? line = null) => Fail(name, NotEvaluated + because, line);

    /// <summary>Adds a check that passed where the problem is null.</summary>
    public bool Add(string name, string? problem, string detail)
    {
        if (problem is null)
        {
            Pass(name, detail);
        }
        else
        {
            Fail(name, problem);
        }

        return problem is null;
    }

    /// <summary>Adds the check of one policy line: waived, or passed where <paramref name="judge"/> returns no problem.</summary>
    public void AddLine<T>(PolicyField<T> field, string detail, Func<T, string?> judge)
        where T : notnull
    {
        string name = CheckNames.PolicyPrefix + field.Line;
        if (field.Waiver is { } reason)
        {
            Waive(name, reason, field.Line);
        }
        else if (judge(field.Value) is { } problem)
        {
            Fail(name, problem, field.Line);
        }
        else
        {
            Pass(name, detail, field.Line);
        }
    }

    /// <summary>
    /// A line that this kind of evidence cannot answer: waived, or left open. An open line is no check that passed: the verdict names it
    /// and does not count as appraised.
    /// </summary>
    public void LeaveOpen<T>(PolicyField<T> field)
        where T : notnull
    {
        if (field.Waiver is { } reason)
        {
            Waive(CheckNames.PolicyPrefix + field.Line, reason, field.Line);
        }
        else
        {
            _unevaluated.Add(field.Line);
        }
    }

    /// <summary>The line that a value must be listed; a value that is not known is not.</summary>
    public void AddListed(PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> field, ReadOnlyMemory<byte>? actual, string what) =>
        AddLine(field, $"{what} is listed", accepted =>
            actual is not { } value ? $"{what} is unknown"
            : Contains(accepted, value) ? null
            : $"{what} {Convert.ToHexStringLower(value.Span)} is not listed");

    /// <summary>The line that a value must not be listed; a value that is not known might be, and fails.</summary>
    public void AddUnlisted(PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> field, ReadOnlyMemory<byte>? actual, string what) =>
        AddLine(field, $"{what} is not denied", denied =>
            actual is not { } value ? $"{what} is unknown"
            : Contains(denied, value) ? $"{what} {Convert.ToHexStringLower(value.Span)} is denied"
            : null);

    /// <summary>The line that bits under a mask must have given values.</summary>
    public void AddMasked(PolicyField<MaskedValue> field, ReadOnlyMemory<byte> actual, string what) =>
        AddLine(field, $"{what} is as required", required => required.Matches(actual.Span)
            ? null
            : $"{what} {Convert.ToHexStringLower(actual.Span)} is not {Convert.ToHexStringLower(required.Value.Span)} under the mask");

    private static bool Contains(IReadOnlyList<ReadOnlyMemory<byte>> list, ReadOnlyMemory<byte> value)
    {
        foreach (ReadOnlyMemory<byte> item in list)
        {
            if (item.Span.SequenceEqual(value.Span))
            {
                return true;
            }
        }

        return false;
    }

    public void Claim(string name, string value) => _claims[name] = PrintableText.Escape(value);

    public void Claim(string name, ReadOnlySpan<byte> value) => _claims[name] = Convert.ToHexStringLower(value);

    public void EndTrustAt(DateTimeOffset end)
    {
        if (TrustedUntil is null || end < TrustedUntil)
        {
            TrustedUntil = end;
        }
    }

    /// <summary>Ends trust a while after a time; where the calendar ends before that, with the calendar.</summary>
    public void EndTrustAt(DateTimeOffset start, TimeSpan life) =>
        EndTrustAt(life <= DateTimeOffset.MaxValue - start ? start + life : DateTimeOffset.MaxValue);

    public Verdict ToVerdict(Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source, TimeSpan elapsed)
    {
        string? reason = _checks.Count == 0 ? CheckNames.NothingChecked : null;
        foreach (Check check in _checks)
        {
            if (check.Result is not (CheckResult.Passed or CheckResult.Waived))
            {
                reason = check.Name;
                break;
            }
        }

        VerdictKind kind = Malformed ? VerdictKind.Malformed
            : Unsupported ? VerdictKind.Unsupported
            : reason is null ? VerdictKind.Accepted
            : VerdictKind.Rejected;
        return new Verdict
        {
            Kind = kind,
            Appraised = policy is not null && _unevaluated.Count == 0,
            UnevaluatedLines = _unevaluated,
            Simulated = anchors.Simulated,
            Reason = reason ?? "",
            Checks = _checks,
            TcbStatus = TcbStatus,
            Advisories = Advisories,
            PolicyDigest = policy?.Digest ?? default,
            At = at,
            TimeSource = source,
            TrustedUntil = kind == VerdictKind.Accepted ? TrustedUntil : null,
            Elapsed = elapsed,
            Claims = _claims,
        };
    }

    // Details quote the evidence, which its sender writes; they are shown on terminals.
    private void Record(string name, CheckResult result, string detail, string? line) =>
        _checks.Add(new Check(name, result, PrintableText.Escape(detail), line));
}
