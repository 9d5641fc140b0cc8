using Verathos.Attestation.Verdicts;

namespace Verathos.Client.Receipts;

/// <summary>The outcome of a receipt's checks. <c>default</c> is invalid.</summary>
public readonly record struct ReceiptVerdict
{
    private readonly IReadOnlyList<Check>? _checks;

    internal ReceiptVerdict(IReadOnlyList<Check> checks) => _checks = checks;

    /// <summary>Every check that was made, in order.</summary>
    public IReadOnlyList<Check> Checks => _checks ?? [];

    /// <summary>True when checks were made and none failed.</summary>
    public bool Valid => Checks.Count > 0 && FirstFailure is null;

    /// <summary>The first check that failed, if any.</summary>
    public Check? FirstFailure
    {
        get
        {
            foreach (Check check in Checks)
            {
                if (check.Result == CheckResult.Failed)
                    return check;
            }

            return null;
        }
    }

    /// <summary>The name of the first check that failed, or empty.</summary>
    public string Reason => FirstFailure?.Name ?? (Checks.Count == 0 ? "nothing-checked" : "");
}
