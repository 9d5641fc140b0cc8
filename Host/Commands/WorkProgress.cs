using Spectre.Console;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>A bar for long work that counts, on standard error where that is a terminal; else a note at every tenth.</summary>
internal static class WorkProgress
{
    /// <summary>Runs a measurement that tells how many of how many of what are done.</summary>
    public static async Task<T> RunAsync<T>(Output output, Func<Action<string, int, int>, Task<T>> measure)
    {
        Lock gate = new();
        if (!output.Progress.Profile.Capabilities.Interactive)
        {
            Dictionary<string, int> tenths = [];
            return await measure((what, done, of) =>
            {
                lock (gate)
                {
                    int tenth = (int)(10L * done / of);
                    if (tenth > tenths.GetValueOrDefault(what))
                    {
                        tenths[what] = tenth;
                        output.Note($"{what}: {done} of {of}");
                    }
                }
            }).ConfigureAwait(false);
        }

        return await output.Progress.Progress().AutoClear(true).StartAsync(async context =>
        {
            Dictionary<string, ProgressTask> bars = [];
            return await measure((what, done, of) =>
            {
                lock (gate)
                {
                    if (!bars.TryGetValue(what, out ProgressTask? bar))
                    {
                        bars[what] = bar = context.AddTask(Markup.Escape(what), maxValue: of);
                    }

                    bar.Value = Math.Max(bar.Value, done);
                }
            }).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }
}
