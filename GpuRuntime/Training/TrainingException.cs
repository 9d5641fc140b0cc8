namespace Verathos.GpuRuntime.Training;

/// <summary>Training or evaluation cannot go on; the message says why and what to do.</summary>
public sealed class TrainingException : Exception
{
    /// <summary>With a message.</summary>
    public TrainingException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and its cause.</summary>
    public TrainingException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
