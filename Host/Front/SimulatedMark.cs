using Microsoft.AspNetCore.Server.Kestrel.Core;
using Verathos.Client.Proxy;
using Verathos.Host.Health;

namespace Verathos.Host.Front;

/// <summary>The header of every response of a node whose evidence is simulated.</summary>
internal static class SimulatedMark
{
    /// <summary>Its name; the value is <c>true</c>.</summary>
    public const string Name = "verathos-simulated";

    /// <summary>Puts it on the answers that the web server gives by itself; after TLS.</summary>
    public static void Use(ListenOptions options, Func<Readiness> node) =>
        new ServerAnswerMark(Name, "true", async closed =>
        {
            Readiness readiness = node();
            if (readiness.Simulated is null)
            {
                await readiness.CheckAsync(closed).ConfigureAwait(false);
            }

            return readiness.Simulated is true;
        }).Use(options);
}
