namespace Verathos.GpuRuntime.Serving;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave an id that ends an answer.</summary>
    Stop,

    /// <summary>The requested number of tokens was reached.</summary>
    Length,
}
