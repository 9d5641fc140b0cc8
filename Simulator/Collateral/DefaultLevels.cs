namespace Verathos.Simulator.Collateral;

/// <summary>The levels of the default collateral: up to date, two out of date, one revoked.</summary>
internal static class DefaultLevels
{
    private static readonly DateTimeOffset Middle = new(2025, 5, 14, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Old = new(2024, 3, 13, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Oldest = new(2023, 8, 9, 0, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<TcbLevelSpec> Platform { get; } =
    [
        new()
        {
            SgxComponents = [9, 9, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
            PceSvn = 11,
            TdxComponents = [5, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Status = "UpToDate",
        },
        new()
        {
            SgxComponents = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
            PceSvn = 11,
            TdxComponents = [5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Date = Middle,
            Status = "OutOfDate",
            Advisories = ["INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312", "INTEL-SA-01313"],
        },
        new()
        {
            SgxComponents = [6, 6, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0],
            PceSvn = 5,
            TdxComponents = [3, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Date = Old,
            Status = "OutOfDate",
            Advisories = ["INTEL-SA-01036", "INTEL-SA-01079", "INTEL-SA-01099", "INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312"],
        },
        new()
        {
            SgxComponents = new byte[16],
            PceSvn = 0,
            TdxComponents = new byte[16],
            Date = Oldest,
            Status = "Revoked",
            Advisories = ["INTEL-SA-00837"],
        },
    ];

    public static IReadOnlyList<TdxModuleSpec> Modules { get; } =
    [
        new() { Id = "TDX_03", Levels = [new(7, "UpToDate"), new(5, "OutOfDate") { Date = Middle, Advisories = ["INTEL-SA-01245", "INTEL-SA-01312"] }] },
        new()
        {
            Id = "TDX_01",
            Levels =
            [
                new(13, "UpToDate"),
                new(11, "OutOfDate") { Date = Middle, Advisories = ["INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312"] },
                new(2, "OutOfDate") { Date = Oldest, Advisories = ["INTEL-SA-01036", "INTEL-SA-01099", "INTEL-SA-01192"] },
                new(0, "Revoked") { Date = Oldest, Advisories = ["INTEL-SA-01036"] },
            ],
        },
    ];

    public static IReadOnlyList<IsvLevelSpec> QuotingEnclave { get; } =
    [
        new(4, "UpToDate") { Date = Middle },
        new(3, "OutOfDate") { Date = Oldest, Advisories = ["INTEL-SA-00837"] },
    ];
}
