namespace Verathos.Host.Metrics;

/// <summary>The front's resources, as metrics and logs name them. A request's path is never a label.</summary>
internal enum FrontEndpoint
{
    Other,
    Evidence,
    Keys,
    Gateway,
    Live,
    Ready,
    Metrics,
}
