using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace Verathos.Host.Logs;

/// <summary>Makes the log: compact JSON through the allow-list to one stream.</summary>
public static class FrontLogging
{
    /// <summary>A logger provider that writes to <paramref name="output"/>; a synchronised writer, such as the console's.</summary>
    /// <param name="output">Where lines go.</param>
    /// <param name="level"><c>debug</c>, <c>information</c>, <c>warning</c> or <c>error</c>.</param>
    public static ILoggerProvider CreateProvider(TextWriter output, string level)
    {
        LogEventLevel minimum = Enum.Parse<LogEventLevel>(level, ignoreCase: true);
        Logger logger = new LoggerConfiguration()
            .MinimumLevel.Is(minimum)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .MinimumLevel.Override("Grpc", LogEventLevel.Warning)
            .WriteTo.Sink(new WriterSink(output, new AllowListFormatter()))
            .CreateLogger();
        return new SerilogLoggerProvider(logger, dispose: true);
    }

    private sealed class WriterSink(TextWriter output, AllowListFormatter formatter) : ILogEventSink
    {
        private readonly Lock _lock = new();

        public void Emit(LogEvent logEvent)
        {
            using StringWriter line = new();
            formatter.Format(logEvent, line);
            lock (_lock)
            {
                output.Write(line.ToString());
                output.Flush();
            }
        }
    }
}
