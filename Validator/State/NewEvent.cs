namespace Verathos.Validator.State;

/// <summary>An event that is to be written down; a status follows from its kind.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">The check, or the reason given by hand.</param>
/// <param name="Detail">One sentence without text of prompt or answer.</param>
/// <param name="Canary">The canary, where one was the cause.</param>
/// <param name="Proof">The file name of a portable proof, already written.</param>
public sealed record NewEvent(EventKind Kind, string Reason, string Detail, byte[]? Canary = null, string? Proof = null);
