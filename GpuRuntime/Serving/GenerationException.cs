namespace Verathos.GpuRuntime.Serving;

/// <summary>A request was refused or an answer broke off. The message holds nothing of the prompt.</summary>
public sealed class GenerationException : Exception
{
    /// <summary>An error of the kind Failed.</summary>
    public GenerationException()
        : this(GenerationError.Failed, "generation failed")
    {
    }

    /// <summary>An error of the kind Failed.</summary>
    public GenerationException(string message)
        : this(GenerationError.Failed, message)
    {
    }

    /// <summary>An error of the kind Failed with its cause.</summary>
    public GenerationException(string message, Exception innerException)
        : base(message, innerException)
    {
        Error = GenerationError.Failed;
    }

    /// <summary>An error.</summary>
    public GenerationException(GenerationError error, string message)
        : base(message)
    {
        Error = error;
    }

    /// <summary>What kind of error.</summary>
    public GenerationError Error { get; }
}
