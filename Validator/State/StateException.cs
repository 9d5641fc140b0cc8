namespace Verathos.Validator.State;

/// <summary>The state cannot be used; the message says what to do.</summary>
public sealed class StateException : Exception
{
    /// <summary>Says why.</summary>
    public StateException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
