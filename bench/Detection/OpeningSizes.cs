namespace Verathos.Bench.Detection;

/// <summary>Bytes on average of openings.</summary>
/// <param name="Layer">Of an opened layer.</param>
/// <param name="Logits">Of an opened row of logits.</param>
public sealed record OpeningSizes(double Layer, double Logits);
