namespace Verathos.Host.Training;

/// <summary>A run's file, byte for byte.</summary>
/// <param name="Bytes">JSON.</param>
internal sealed record RunFileBytes(byte[] Bytes);
