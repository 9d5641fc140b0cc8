using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Verathos.Host.Logs;

/// <summary>Every event that the front logs. What is not here is not written (see <see cref="AllowListFormatter"/>).</summary>
internal static partial class FrontLog
{
    /// <summary>The message templates of the methods below.</summary>
    public static FrozenSet<string> Templates { get; } =
    [
        .. typeof(FrontLog).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.Message)
            .OfType<string>(),
    ];

    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}")]
    public static partial void Listening(ILogger logger, string address);

    [LoggerMessage(2, LogLevel.Information, "Enclave ready: model {Model}, {Tee}, {Topology}, simulated {Simulated}")]
    public static partial void Ready(ILogger logger, string model, string tee, string topology, bool simulated);

    [LoggerMessage(3, LogLevel.Warning, "Not ready: {Reason}")]
    public static partial void NotReady(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Information, "{Endpoint} answered {Status} in {Milliseconds} ms, {BytesIn} bytes in, {BytesOut} bytes out")]
    public static partial void Answered(ILogger logger, string endpoint, int status, long milliseconds, long bytesIn, long bytesOut);

    [LoggerMessage(5, LogLevel.Information, "{Endpoint} cut: {Reason}")]
    public static partial void Cut(ILogger logger, string endpoint, CutReason reason);

    [LoggerMessage(6, LogLevel.Warning, "{Endpoint} failed in the enclave: {Failure}")]
    public static partial void EnclaveFailed(ILogger logger, string endpoint, string failure);

    [LoggerMessage(7, LogLevel.Error, "{Endpoint} failed in the front")]
    public static partial void Failed(ILogger logger, string endpoint, Exception exception);

    [LoggerMessage(8, LogLevel.Information, "Draining: {Running} answers run, at most {Seconds} s")]
    public static partial void Draining(ILogger logger, int running, int seconds);

    [LoggerMessage(9, LogLevel.Information, "Stopped: {Running} answers were cut")]
    public static partial void Stopped(ILogger logger, int running);
}
