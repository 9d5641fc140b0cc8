using Verathos.Enclave;
using Verathos.Host.Cli;
using Verathos.Host.Drills;

namespace Verathos.Drills.Tests.Removal;

/// <summary>One ground for all drills, with a way to the inside of its enclave.</summary>
public sealed class DrillFixture : IAsyncLifetime
{
    internal DrillGround Ground { get; private set; } = null!;

    /// <summary>The honest node's enclave.</summary>
    internal EnclaveCore Core { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Ground = await DrillGround.StartAsync(
        ModelPath.Resolve(null),
        new Output(TextWriter.Null, TextWriter.Null, json: true),
        CancellationToken.None,
        enclave =>
        {
            Core = (EnclaveCore)enclave;
            return enclave;
        });

    public ValueTask DisposeAsync() => Ground.DisposeAsync();
}
