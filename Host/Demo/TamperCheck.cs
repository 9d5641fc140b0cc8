namespace Verathos.Host.Demo;

/// <summary>Names of the refusals that are no check of a verdict.</summary>
internal static class TamperCheck
{
    /// <summary>The enclave: the sealed request does not open. It tells nobody why.</summary>
    public const string RequestAuthentic = "request.authentic";

    /// <summary>The client: a chunk of the answer does not open at its place.</summary>
    public const string StreamAuthentic = "stream.authentic";

    /// <summary>The client: the answer ended before its final chunk.</summary>
    public const string StreamComplete = "stream.complete";
}
