using Spectre.Console;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>Shows work in a training run: a bar and what happens above it on a terminal, lines elsewhere.</summary>
internal static class RunDisplay
{
    /// <summary>Runs work that tells lines, and how many of how many are done.</summary>
    public static async Task<T> RunAsync<T>(Output output, string what, Func<Action<string>, Action<int, int>, Task<T>> work)
    {
        if (!output.Progress.Profile.Capabilities.Interactive)
        {
            return await work(output.Note, static (_, _) => { }).ConfigureAwait(false);
        }

        return await output.Progress.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(what));
                return await work(
                    line => output.Progress.MarkupLine(Markup.Escape(new string([.. line.Select(static letter => char.IsControl(letter) ? '\uFFFD' : letter)]))),
                    (done, of) => (bar.MaxValue, bar.Value) = (Math.Max(1, of), done)).ConfigureAwait(false);
            }).ConfigureAwait(false);
    }
}
