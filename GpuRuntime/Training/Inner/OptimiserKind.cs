using System.Text.Json.Serialization;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>The rule of an optimiser step.</summary>
public enum OptimiserKind
{
    /// <summary>AdamW (Loshchilov and Hutter, algorithm 2).</summary>
    [JsonStringEnumMemberName("adamw")]
    AdamW,

    /// <summary>Gradient descent with momentum, Nesterov's or the plain one.</summary>
    Sgd,

    /// <summary>Muon for the matrices of the layers: momentum made orthogonal by Newton-Schulz iterations; AdamW for embedding, output and norms.</summary>
    Muon,
}
