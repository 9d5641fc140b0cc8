namespace Verathos.Bench.TrainingText;

/// <summary>The public-domain text cannot be had or read; the message says why and what to do.</summary>
public sealed class PublicTextException : Exception
{
    /// <summary>With a message.</summary>
    public PublicTextException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and its cause.</summary>
    public PublicTextException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
