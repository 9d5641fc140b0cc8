namespace Verathos.Bench.Templates;

/// <summary>What the comparison of one template gave.</summary>
/// <param name="Template">The family.</param>
/// <param name="Source">Where its text is from.</param>
/// <param name="Conversations">Conversations compared.</param>
/// <param name="Refused">Of them, those that both refuse.</param>
/// <param name="Equal">Of them, those that both refuse or of which both make the same text, npm's program as it is.</param>
/// <param name="EqualMended">The same once two differences of npm's program from Python's are mended: it ignores the argument of strip, lstrip and rstrip, and an empty text equals false.</param>
/// <param name="EqualPython">The same beside Python's Jinja2; null where it is not installed.</param>
/// <param name="SpecialsMoved">Conversations in which a message's characters counted as the template's, or the other way round.</param>
/// <param name="PeerDigest">SHA-256 over what npm's program, mended, rendered (UTF-8 and a zero byte for each text, a byte FF for each refusal), hexadecimal.</param>
/// <param name="FirstDifferences">The first conversations that differ, at most three.</param>
public sealed record TemplateRow(
    string Template,
    string Source,
    int Conversations,
    int Refused,
    int Equal,
    int EqualMended,
    int? EqualPython,
    int SpecialsMoved,
    string PeerDigest,
    IReadOnlyList<TemplateDifference> FirstDifferences)
{
    /// <summary>Whether nothing differs from Python's way, nor from npm's program but for those two.</summary>
    public bool Holds => EqualMended == Conversations && (EqualPython is null || EqualPython == Conversations) && SpecialsMoved == 0;
}
