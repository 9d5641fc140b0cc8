namespace Verathos.Protocol.Bhttp;

/// <summary>An informational response (status 100 to 199) before the final one (RFC 9292 section 3.5.1).</summary>
public sealed record InformationalResponse(int Status, IReadOnlyList<BhttpField> Fields);
