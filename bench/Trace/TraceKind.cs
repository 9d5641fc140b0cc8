namespace Verathos.Bench.Trace;

/// <summary>What a request of a trace is made to meet.</summary>
public enum TraceKind
{
    /// <summary>Answered to its end.</summary>
    Whole,

    /// <summary>Answered until a stop text, where the model writes it.</summary>
    Stopped,

    /// <summary>Left after some tokens.</summary>
    Cancelled,

    /// <summary>Refused by the enclave, for one reason that it must name.</summary>
    Bad,

    /// <summary>Bytes that are no sealed request: the gateway's uniform 400.</summary>
    Garbage,
}
