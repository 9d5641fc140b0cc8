namespace Verathos.Fingerprint.Constraints;

/// <summary>Ends the compilation of a schema; never leaves this room.</summary>
internal sealed class GrammarException(string keyword, string why) : Exception
{
    public GrammarError Error { get; } = new(keyword, why);
}
