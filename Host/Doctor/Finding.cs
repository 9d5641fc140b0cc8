namespace Verathos.Host.Doctor;

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Subject">What it is, stable and dotted, such as <c>tdx.quotes</c>.</param>
/// <param name="State">Whether the machine has it.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Advice">What to do about it, or null when there is nothing to do.</param>
public sealed record Finding(string Subject, FindingState State, string Detail, string? Advice = null);
