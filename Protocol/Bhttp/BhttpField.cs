namespace Verathos.Protocol.Bhttp;

/// <summary>One field line. The name is lower-case ASCII; each character of the value stands for one byte (ISO 8859-1).</summary>
public readonly record struct BhttpField(string Name, string Value);
