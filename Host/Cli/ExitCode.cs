namespace Verathos.Host.Cli;

/// <summary>What the process's exit status means, the same for every verb.</summary>
public enum ExitCode
{
    /// <summary>Done, or evidence accepted.</summary>
    Accepted = 0,

    /// <summary>Any other failure; the message says which.</summary>
    Failed = 1,

    /// <summary>Evidence or a receipt was rejected.</summary>
    Rejected = 10,

    /// <summary>Evidence verified, but no policy appraised it, or one has lines that this evidence cannot answer.</summary>
    NotAppraised = 11,

    /// <summary>A format or feature that this build does not support.</summary>
    Unsupported = 20,

    /// <summary>Input that does not parse.</summary>
    Malformed = 30,

    /// <summary>The command line was wrong.</summary>
    Usage = 64,

    /// <summary>Stopped by Ctrl-C or SIGTERM before it was done.</summary>
    Cancelled = 130,
}
