namespace Verathos.GpuRuntime.Serving;

/// <summary>Why a request was refused or an answer broke off.</summary>
public enum GenerationError
{
    /// <summary>A field of the request is out of range.</summary>
    InvalidRequest,

    /// <summary>Prompt and answer together exceed the context.</summary>
    ContextExceeded,

    /// <summary>The request's keys and values exceed all the memory that the engine may use for them, so waiting would not help.</summary>
    MemoryExceeded,

    /// <summary>As many requests wait as may; try again later.</summary>
    QueueFull,

    /// <summary>The model gave logits that are no numbers.</summary>
    NonFiniteLogits,

    /// <summary>No token may follow by the request's constraint, or the constraint has too many readings to follow.</summary>
    ConstraintFailed,

    /// <summary>The forward pass failed.</summary>
    Failed,

    /// <summary>The engine is being stopped.</summary>
    Stopped,
}
