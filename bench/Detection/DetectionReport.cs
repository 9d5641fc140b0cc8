using Verathos.Bench.Statistics;
using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.Bench.Detection;

/// <summary>What was measured of one model.</summary>
public sealed record DetectionReport
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>How the model was named, without its folder.</summary>
    public required string Argument { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    public required string ManifestRoot { get; init; }

    /// <summary>The node's numeric profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Chose everything.</summary>
    public required int Seed { get; init; }

    /// <summary>Layers, hidden size and vocabulary.</summary>
    public required string Shape { get; init; }

    /// <summary>Openings of an answer.</summary>
    public required int OpeningsPerAnswer { get; init; }

    /// <summary>Tokens of a prompt and of an answer.</summary>
    public required string Tokens { get; init; }

    /// <summary>Kappas, the limits that everything was judged by, and the likelihood tables.</summary>
    public required CalibrationResult Calibration { get; init; }

    /// <summary>Honest runs; null where only attacks were asked for.</summary>
    public HonestReport? Honest { get; init; }

    /// <summary>Attacks.</summary>
    public required IReadOnlyList<AttackReport> Attacks { get; init; }

    /// <summary>Forged sketches.</summary>
    public IReadOnlyList<ForgeryRow> Forgeries { get; init; } = [];

    /// <summary>Grinding.</summary>
    public GrindingReport? Grinding { get; init; }

    /// <summary>Perturbations that pass.</summary>
    public IReadOnlyList<ToleranceRow> Tolerance { get; init; } = [];

    /// <summary>Bytes on average of an opened layer and of an opened row of logits.</summary>
    public required OpeningSizes OpeningBytes { get; init; }

    /// <summary>The time of committed generation over that without; not a count, and other in each run.</summary>
    public required PairedRatio Overhead { get; init; }

    /// <summary>Whether everything that must hold holds.</summary>
    public bool Holds => Failures.Count == 0;

    /// <summary>What does not hold.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];
}
