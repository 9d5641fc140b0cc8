namespace Verathos.GpuRuntime.Models;

/// <summary>What loading a model is at.</summary>
public enum LoadStage
{
    /// <summary>Files are copied into private memory.</summary>
    Reading,

    /// <summary>The manifest is computed over the copy.</summary>
    Hashing,

    /// <summary>Weights are brought into the form in which they are used.</summary>
    Preparing,

    /// <summary>Done.</summary>
    Ready,
}
