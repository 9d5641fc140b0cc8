namespace Verathos.Fingerprint.Constraints;

/// <summary>Why a schema is not compiled. Names keywords and places, never values.</summary>
/// <param name="Keyword">The keyword at fault, with its place in the schema: <c>/properties/0/pattern</c> is in the first property.</param>
/// <param name="Why">One clause that says what is wrong with it.</param>
public sealed record GrammarError(string Keyword, string Why);
