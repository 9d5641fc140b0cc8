namespace Verathos.Fingerprint.Constraints;

/// <summary>A grammar may stand at more places at once than are followed: its alternatives begin alike in too many ways.</summary>
public sealed class ConstraintException : Exception
{
    /// <summary>The one thing that it says.</summary>
    public ConstraintException()
        : base("the schema's alternatives begin alike in too many ways to follow them all")
    {
    }

    /// <summary>An exception with a message of its own.</summary>
    public ConstraintException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message of its own and a cause.</summary>
    public ConstraintException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
