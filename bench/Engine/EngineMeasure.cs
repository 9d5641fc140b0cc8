namespace Verathos.Bench.Engine;

/// <summary>What is measured of an engine.</summary>
public enum EngineMeasure
{
    /// <summary>Milliseconds from a request with a short prompt to its first token.</summary>
    FirstToken,

    /// <summary>Prompt tokens in a second, of one long prompt.</summary>
    Prefill,

    /// <summary>Tokens in a second of one answer, after its first.</summary>
    Decode,

    /// <summary>Tokens in a second of eight answers together, their prompts' time included.</summary>
    At8,

    /// <summary>Tokens in a second of 32 answers together, their prompts' time included.</summary>
    At32,

    /// <summary>The greatest resident memory of the process, in units of 10^6 bytes.</summary>
    PeakMemory,

    /// <summary>What the process holds of a GPU's memory at the end, in units of 10^6 bytes.</summary>
    DeviceMemory,
}
