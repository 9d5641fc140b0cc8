namespace Verathos.Validator.Canaries;

/// <summary>The corpus cannot be used; the message says what to do.</summary>
public sealed class CorpusException(string message) : Exception(message);
