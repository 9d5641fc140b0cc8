namespace Verathos.Attestation.Verdicts;

/// <summary>One named check of a verdict.</summary>
/// <param name="Name">Dotted and stable, such as <c>quote.signature</c>; <see cref="CheckNames"/> lists them.</param>
/// <param name="Result">Passed, failed or waived.</param>
/// <param name="Detail">One plain sentence: what was compared, or why it failed or was waived.</param>
/// <param name="PolicyLine">The policy field that asked for or waived the check, such as <c>tdx.mrtd</c>; null where no policy is involved.</param>
public readonly record struct Check(string Name, CheckResult Result, string Detail, string? PolicyLine = null);
