namespace Verathos.Bench.Templates;

/// <summary>A chat template to compare.</summary>
/// <param name="Name">The family.</param>
/// <param name="Source">Where its text is from.</param>
/// <param name="Text">Its text.</param>
/// <param name="Bos">bos_token.</param>
/// <param name="Eos">eos_token.</param>
internal sealed record TemplateCase(string Name, string Source, string Text, string? Bos, string? Eos);
