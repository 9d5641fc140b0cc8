namespace Verathos.Bench.Templates;

/// <summary>A random conversation that two programs render differently.</summary>
/// <param name="Messages">Roles and contents.</param>
/// <param name="Own">The text here, or why it was refused.</param>
/// <param name="Peer">The other program's.</param>
public sealed record TemplateDifference(IReadOnlyList<string> Messages, string Own, string Peer);
