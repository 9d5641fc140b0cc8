using System.Text.Json;
using Microsoft.Extensions.Logging;
using Verathos.Host.Logs;

namespace Verathos.Host.Tests.Logs;

public sealed class AllowListFormatterTests
{
    private const string Canary = "canary-7f3a";

    [Fact]
    public void The_fronts_own_events_are_written_with_their_properties()
    {
        JsonElement line = Write(logger => FrontLog.Answered(logger, "gateway", 200, 12, 34, 56));

        Assert.Equal("{Endpoint} answered {Status} in {Milliseconds} ms, {BytesIn} bytes in, {BytesOut} bytes out", line.GetProperty("@mt").GetString());
        Assert.Equal(200, line.GetProperty("Status").GetInt32());
        Assert.Equal(34, line.GetProperty("BytesIn").GetInt64());
    }

    [Fact]
    public void Another_librarys_text_and_properties_are_dropped()
    {
#pragma warning disable CA2254
        JsonElement line = Write(logger => logger.LogError($"{Canary} in a template {{Model}} {{Prompt}}", Canary, Canary));
#pragma warning restore CA2254

        Assert.DoesNotContain(Canary, line.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("Verathos.Tests", line.GetProperty("Source").GetString());
    }

    [Fact]
    public void An_exception_is_the_names_of_its_types()
    {
        InvalidOperationException problem = new(Canary, new IOException(Canary));

        JsonElement line = Write(logger => FrontLog.Failed(logger, "gateway", problem));

        Assert.DoesNotContain(Canary, line.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("InvalidOperationException < IOException", line.GetProperty("ExceptionTypes").GetString());
    }

    [Fact]
    public void A_property_that_is_not_on_the_list_is_dropped_even_with_a_known_text()
    {
        JsonElement line = Write(logger =>
        {
            using (logger.BeginScope(new Dictionary<string, object> { ["Prompt"] = Canary, ["Model"] = new[] { Canary } }))
            {
                FrontLog.Listening(logger, "http://127.0.0.1:1");
            }
        });

        Assert.DoesNotContain(Canary, line.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("http://127.0.0.1:1", line.GetProperty("Address").GetString());
    }

    [Fact]
    public void A_long_text_is_cut()
    {
        JsonElement line = Write(logger => FrontLog.NotReady(logger, new string('x', 5000)));

        Assert.Equal(200, line.GetProperty("Reason").GetString()!.Length);
    }

    private static JsonElement Write(Action<ILogger> write)
    {
        using StringWriter text = new();
        using (ILoggerProvider provider = FrontLogging.CreateProvider(text, "debug"))
        {
            write(provider.CreateLogger("Verathos.Tests"));
        }

        return JsonDocument.Parse(text.ToString()).RootElement;
    }
}
