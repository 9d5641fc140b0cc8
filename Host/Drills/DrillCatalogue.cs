using Verathos.Host.Drills.Attacks;

namespace Verathos.Host.Drills;

/// <summary>Every drill, in the order in which they are tried.</summary>
internal static class DrillCatalogue
{
    /// <summary>The groups by their titles.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<Drill> Drills)> Groups { get; } =
    [
        ("Quotes", [.. QuoteDrills.All()]),
        ("Keys, nonces, weights and settings", [.. BindingDrills.All()]),
        ("Platforms and collateral", [.. PlatformDrills.All()]),
        ("GPUs", [.. GpuDrills.All()]),
        ("Requests", [.. RequestDrills.All()]),
        ("Streams", [.. StreamDrills.All()]),
        ("Receipts", [.. ReceiptDrills.All()]),
        ("Fingerprints", [.. FingerprintDrills.All()]),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Drill> All { get; } = [.. Groups.SelectMany(group => group.Drills)];
}
