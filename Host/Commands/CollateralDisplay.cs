using System.Globalization;
using Spectre.Console;
using Verathos.Attestation.Collateral;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>How documents are shown: as rows, as JSON, and, while they are fetched, as a line on a terminal.</summary>
internal static class CollateralDisplay
{
    public static IReadOnlyList<string> Headers { get; } = ["document", "from", "number", "issued", "good until", "bytes"];

    public static IReadOnlyList<string> Row(CollectedDocument document) =>
    [
        document.Title, Origin(document.Origin), document.Number?.ToString(CultureInfo.InvariantCulture) ?? "", Time(document.Issued), Time(document.NextUpdate),
        document.Length == 0 ? "" : document.Length.ToString(CultureInfo.InvariantCulture),
    ];

    public static object Json(CollectedDocument document) => new
    {
        kind = document.Kind,
        name = document.Name,
        title = document.Title,
        origin = document.Origin,
        source = document.Source,
        number = document.Number?.ToString(CultureInfo.InvariantCulture),
        issued = document.Issued,
        next_update = document.NextUpdate,
        bytes = document.Length,
        remark = document.Remark,
    };

    public static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Runs what fetches; on a terminal, standard error shows which document is being waited for.</summary>
    public static async Task<T> WithProgressAsync<T>(Output output, Func<IProgress<string>, Task<T>> run)
    {
        if (!output.Progress.Profile.Capabilities.Interactive)
            return await run(new Listener(_ => { })).ConfigureAwait(false);

        return await output.Progress.Status().StartAsync(
            "Collecting",
            status => run(new Listener(title => status.Status(Markup.Escape("Fetching " + title))))).ConfigureAwait(false);
    }

    private static string Origin(DocumentOrigin origin) => origin switch
    {
        DocumentOrigin.Cache => "cache",
        DocumentOrigin.Network => "service",
        DocumentOrigin.CacheForLackOfService => "cache, the service failed",
        _ => "MISSING",
    };

    /// <summary>Reports at once and on the caller's thread, where Progress would post to a queue.</summary>
    private sealed class Listener(Action<string> show) : IProgress<string>
    {
        public void Report(string value) => show(value);
    }
}
